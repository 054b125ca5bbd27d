//! Questions that clients of PostgreSQL ask about its system tables in words the engine does not know: each is answered by
//! a statement that gives the same columns. There are no indexes, foreign keys or functions to tell of here.
//!
//! Source: the JDBC driver of PostgreSQL 42.5 (`DatabaseMetaData`, which DBeaver and many others call) and Metabase 50.

/// A question, known by words that stand in it (lower case), and the statement that answers it.
struct Known {
    words: &'static [&'static str],
    answer: &'static str,
}

const KNOWN: [Known; 8] = [
    // JDBC: getPrimaryKeys.
    Known {
        words: &["information_schema._pg_expandarray(i.indkey)", "i.indisprimary", "result.pk_name"],
        answer: "select cast(null as text) as \"TABLE_CAT\", '' as \"TABLE_SCHEM\", '' as \"TABLE_NAME\", \
                 '' as \"COLUMN_NAME\", cast(0 as smallint) as \"KEY_SEQ\", '' as \"PK_NAME\" where false",
    },
    // JDBC: which columns of a result are a key.
    Known {
        words: &["a.attname, a.atttypid, atttypmod", "information_schema._pg_expandarray(i.indkey)"],
        answer: "select attname, atttypid, atttypmod from pg_catalog.pg_attribute where false",
    },
    // JDBC: getIndexInfo.
    Known {
        words: &["pg_catalog.pg_get_indexdef(", "tmp.non_unique"],
        answer: "select cast(null as text) as \"TABLE_CAT\", '' as \"TABLE_SCHEM\", '' as \"TABLE_NAME\", \
                 false as \"NON_UNIQUE\", '' as \"INDEX_QUALIFIER\", '' as \"INDEX_NAME\", cast(3 as smallint) as \"TYPE\", \
                 cast(0 as smallint) as \"ORDINAL_POSITION\", '' as \"COLUMN_NAME\", '' as \"ASC_OR_DESC\", \
                 cast(0 as bigint) as \"CARDINALITY\", cast(0 as bigint) as \"PAGES\", '' as \"FILTER_CONDITION\" where false",
    },
    // JDBC: getImportedKeys, getExportedKeys, getCrossReference.
    Known {
        words: &["as pktable_cat", "pg_catalog.pg_constraint con"],
        answer: "select cast(null as text) as \"PKTABLE_CAT\", '' as \"PKTABLE_SCHEM\", '' as \"PKTABLE_NAME\", \
                 '' as \"PKCOLUMN_NAME\", '' as \"FKTABLE_CAT\", '' as \"FKTABLE_SCHEM\", '' as \"FKTABLE_NAME\", \
                 '' as \"FKCOLUMN_NAME\", cast(0 as smallint) as \"KEY_SEQ\", cast(0 as smallint) as \"UPDATE_RULE\", \
                 cast(0 as smallint) as \"DELETE_RULE\", '' as \"FK_NAME\", '' as \"PK_NAME\", \
                 cast(0 as smallint) as \"DEFERRABILITY\" where false",
    },
    // JDBC: what it asks before that.
    Known {
        words: &["select setting from pg_catalog.pg_settings", "'max_index_keys'"],
        answer: "select '32' as setting",
    },
    // JDBC: getTypeInfo.
    Known {
        words: &["select t.typname,t.oid from pg_catalog.pg_type t", "(select c.relkind = 'c'"],
        answer: "select typname, oid from pg_catalog.pg_type where typrelid = 0",
    },
    // Metabase: the columns of every table.
    Known {
        words: &["information_schema.key_column_usage", "\"database-is-auto-increment\""],
        answer: "select a.attname as name, t.typname as \"database-type\", cast(a.attnum as int) - 1 as \"database-position\", \
                 'public' as \"table-schema\", c.relname as \"table-name\", coalesce(d.is_key, false) as \"pk?\", \
                 d.title_fr || coalesce(' (' || d.unit || ')', '') as \"field-comment\", false as \"database-required\", \
                 false as \"database-is-auto-increment\" \
                 from pg_catalog.pg_attribute as a \
                 join pg_catalog.pg_class as c on c.oid = a.attrelid \
                 join pg_catalog.pg_namespace as n on n.oid = c.relnamespace \
                 join pg_catalog.pg_type as t on t.oid = a.atttypid \
                 left join catalogue_columns as d on d.source = c.relname and d.column_name = a.attname \
                 where a.attnum >= 1 and n.nspname = 'public' \
                 order by \"table-name\", \"database-position\"",
    },
    // Metabase: foreign keys.
    Known {
        words: &["\"fk-table-schema\"", "c.contype = 'f'"],
        answer: "select '' as \"fk-table-schema\", '' as \"fk-table-name\", '' as \"fk-column-name\", \
                 '' as \"pk-table-schema\", '' as \"pk-table-name\", '' as \"pk-column-name\" where false",
    },
];

/// The statement to carry out in the place of a question that is known; the question itself otherwise.
pub(super) fn understood(sql: &str) -> &str {
    // Only questions about system tables, and without parameters, are known.
    if !sql.contains("pg_") || sql.contains("$1") {
        return sql;
    }
    let lower = sql.to_lowercase();
    let found = KNOWN.iter().find(|known| known.words.iter().all(|word| lower.contains(word)));
    found.map_or(sql, |known| known.answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_questions_are_answered_by_another_statement() {
        let sql = "select count(*) from tests";
        assert_eq!(understood(sql), sql);
        let sql = "select '\"fk-table-schema\"' from pg_class";
        assert_eq!(understood(sql), sql);
        assert_eq!(
            understood("SELECT setting FROM pg_catalog.pg_settings WHERE name='max_index_keys'"),
            "select '32' as setting"
        );
    }
}
