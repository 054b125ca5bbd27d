//! Functions whose result can be far larger than their arguments, within bounds: what would be larger is refused before it
//! is computed, by a sentence. What no estimate foresees, the memory of the process catches (`wire/worker/limits.rs`).

mod estimate;
mod sizes;

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature,
};
use datafusion::prelude::SessionContext;

use crate::Refused;
use estimate::Growth;

/// Bytes of one value that a function may give.
pub const VALUE_MAX: u64 = 64 << 20;

/// Bytes that a function may give for a batch of rows (at most 8,192).
pub const BATCH_MAX: u64 = 128 << 20;

/// Puts bounds around the functions of a session that need them.
pub(crate) fn bound(ctx: &SessionContext) {
    for (name, growth) in estimate::GROWING {
        let state = ctx.state();
        // Known by its own name and by others.
        if let Some(function) = state.scalar_functions().get(*name)
            && function.name() == *name
        {
            let inner = Arc::clone(function);
            ctx.register_udf(ScalarUDF::new_from_impl(Bounded { inner, growth: *growth }));
        }
    }
}

/// A function, and how its result grows.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

impl Bounded {
    /// Refuses a result that would be too large.
    fn check(&self, arguments: &ScalarFunctionArgs) -> Result<()> {
        let Some(size) = self.growth.of(arguments)? else { return Ok(()) };
        let (bytes, limit) =
            if size.largest > VALUE_MAX { (size.largest, VALUE_MAX) } else { (size.total, BATCH_MAX) };
        self.refuse_beyond(bytes, limit)
    }

    fn refuse_beyond(&self, bytes: u64, limit: u64) -> Result<()> {
        if bytes <= limit {
            return Ok(());
        }
        let refused = Refused::LargeValue { function: self.inner.name().to_owned(), mib: bytes >> 20 };
        Err(DataFusionError::External(Box::new(refused)))
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        self.inner.schema_name(arguments)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        self.inner.return_type(kinds)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = self.inner.return_field_from_args(arguments)?;
        if self.growth == Growth::Fixed {
            self.refuse_beyond(estimate::fixed_width(field.data_type()), VALUE_MAX)?;
        }
        Ok(field)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn coerce_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(kinds)
    }

    /// Not simplified, as it could become the function without bounds; but where the type alone decides, that has been
    /// looked at.
    fn simplify(&self, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<ExprSimplifyResult> {
        if self.growth == Growth::Fixed {
            return self.inner.simplify(arguments, context);
        }
        Ok(ExprSimplifyResult::Original(arguments))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.check(&arguments)?;
        self.inner.invoke_with_args(arguments)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(sql: &str) -> Result<String, Refused> {
        let ctx = SessionContext::new();
        bound(&ctx);
        let frame = ctx.sql(sql).await.map_err(|fault| Refused::of(&fault))?;
        let batches = frame.collect().await.map_err(|fault| Refused::of(&fault))?;
        let column = batches[0].column(0);
        Ok(arrow::util::display::array_value_to_string(column, 0).unwrap())
    }

    #[tokio::test]
    async fn what_would_be_too_large_is_refused_before_it_is_computed() {
        for sql in [
            "select repeat('x', 2000000000)",
            "select lpad('x', 2000000000)",
            "select rpad('x', 2000000000, 'ab')",
            "select array_repeat(1, 2000000000)",
            "select list_repeat('abc', 2000000000)",
            "select array_repeat(array_repeat(1, 100000), 100000)",
            "select array_resize([1], 2000000000, 0)",
            "select list_resize([1], 2000000000)",
            "select range(2000000000)",
            "select generate_series(1, 2000000000)",
            "select generate_series(0, -2000000000, -1)",
            "select generate_series(timestamp '1900-01-01', timestamp '2100-01-01', interval '1 second')",
            "select replace(repeat('x', 10000000), 'x', 'abcdefghij')",
            "select replace(repeat('x', 10000000), '', 'abcdefghij')",
            "select regexp_replace(repeat('x', 10000000), 'x', 'abcdefghij', 'g')",
            "select regexp_replace(repeat('x', 30000000), '(x*)', '\\1\\1\\1')",
            "select concat(repeat('x', 10000 + value), repeat('y', 10000), repeat('z', 10000)) from generate_series(1, 8192)",
            "select concat_ws(repeat('-', 60000000), 'a', 'b', 'c')",
            "select array_to_string(array_repeat('x', 1000000), repeat('-', 1000))",
            "select array_join(array_repeat('x', 1000000), repeat('-', 1000))",
            "select repeat('x', value * 1000) from generate_series(1, 100000)",
            "select arrow_cast('x', 'FixedSizeBinary(2000000000)')",
            "select to_char(date '2020-10-12', repeat('%A', 20000000))",
        ] {
            let refused = ask(sql).await;
            assert!(matches!(refused, Err(Refused::LargeValue { .. })), "{sql}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn what_is_within_the_bounds_is_what_the_engine_gives() {
        for (sql, expected) in [
            ("select repeat('ab', 3)", "ababab"),
            ("select repeat('ab', -1)", ""),
            ("select length(repeat('x', 60000000))", "60000000"),
            ("select lpad('7', 3, '0')", "007"),
            ("select rpad('7', 3)", "7  "),
            ("select replace('a.b.c', '.', '--')", "a--b--c"),
            ("select length(replace(repeat('x', 10000000), 'y', 'abcdefghij'))", "10000000"),
            ("select regexp_replace('abc', '(b)', '<\\1>')", "a<b>c"),
            ("select concat('a', null, 'b')", "ab"),
            ("select concat('a', 1)", "a1"),
            ("select concat_ws(', ', 'a', 'b')", "a, b"),
            ("select array_to_string([1, 2, null], '-')", "1-2"),
            ("select array_repeat(1, 3)", "[1, 1, 1]"),
            ("select array_resize([1], 3, 0)", "[1, 0, 0]"),
            ("select range(3)", "[0, 1, 2]"),
            ("select generate_series(3, 1, -1)", "[3, 2, 1]"),
            (
                "select generate_series(date '2020-10-12', date '2020-10-13', interval '1 day')",
                "[2020-10-12, 2020-10-13]",
            ),
            ("select repeat(cast(null as varchar), 3) is null", "true"),
            ("select arrow_cast(1, 'Float32')", "1.0"),
            ("select to_char(date '2020-10-12', '%d/%m/%Y')", "12/10/2020"),
            ("select sum(length(repeat('x', value))) from generate_series(1, 1000)", "500500"),
        ] {
            assert_eq!(ask(sql).await.as_deref(), Ok(expected), "{sql}");
        }
    }

    /// A function that is not there under its name would be left without bounds.
    #[test]
    fn every_function_that_grows_is_known_to_the_engine() {
        let ctx = SessionContext::new();
        let state = ctx.state();
        for (name, _) in estimate::GROWING {
            let function = state.scalar_functions().get(*name);
            assert!(function.is_some_and(|function| function.name() == *name), "{name}");
        }
        bound(&ctx);
        let state = ctx.state();
        for (name, _) in estimate::GROWING {
            let function = &state.scalar_functions()[*name];
            assert!(function.inner().is::<Bounded>(), "{name}");
            for alias in function.aliases() {
                assert!(state.scalar_functions()[alias].inner().is::<Bounded>(), "{alias}");
            }
        }
    }
}
