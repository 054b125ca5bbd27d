//! `vigie demo` as the README tells it, and the figures of the source documents in its lake.

use serde_json::{Value, json};

use crate::support::{command, pdf_text, succeed};

#[test]
fn the_demo_makes_a_lake_a_bulletin_and_the_figures_of_the_documents() {
    let folder = tempfile::tempdir().unwrap();
    let vigie = |words: &[&str]| succeed(&command(folder.path()).args(words).output().unwrap());
    let said = vigie(&["demo", "--out", "here"]);
    for named in
        ["here/lake", "here/bulletin-2020-W42-region-76.pdf", "Alertes en cours", "À essayer", "vigie --lake"]
    {
        assert!(said.contains(named), "the summary names {named}: {said}");
    }
    let sql = |query: &str| -> Vec<Value> {
        serde_json::from_str(&vigie(&["--lake", "here/lake", "sql", "--format", "json", query])).unwrap()
    };

    // ARS Île-de-France, 29 March 2020: projects supported by department, 17 dedicated ones open, the others « toujours ouvertes ».
    let centres = sql("select department, count(*) as centres from centres
         where department in ('75','77','78','91','92','93','94','95') group by 1 order by 1");
    let wanted =
        [("75", 84), ("77", 3), ("78", 9), ("91", 6), ("92", 10), ("93", 20), ("94", 10), ("95", 13)];
    let wanted: Vec<Value> = wanted
        .iter()
        .map(|(department, centres)| json!({"department": department, "centres": centres}))
        .collect();
    assert_eq!(centres, wanted);
    let open = sql("select kind, count(*) as open from centres
         where department in ('75','77','78','91','92','93','94','95') and status = 'open' group by 1 order by 1");
    assert_eq!(open, [json!({"kind": "dedicated", "open": 17}), json!({"kind": "reorganised", "open": 115})]);

    // ARS Occitanie, 18 March 2020: nurses on Inzee.Care, doctors on MEDICAM.
    let occitanie = "('09','11','12','30','31','32','34','46','48','65','66','81','82')";
    let nurses = sql(&format!(
        "select sum(registered_total) as n from nurse_platform where platform = 'inzee-care'
         and time_value = date '2020-03-18' and department in {occitanie}"
    ));
    assert_eq!(nurses, [json!({"n": 3300})]);
    let doctors = sql(&format!(
        "select sum(doctors_registered) as n from telemedicine where platform = 'medicam'
         and time_value = date '2020-03-18' and department in {occitanie}"
    ));
    assert_eq!(doctors, [json!({"n": 1850})]);
    let rates =
        sql("select distinct rate_eur_per_hour as rate from on_call where role = 'regulator' order by 1");
    assert_eq!(rates, [json!({"rate": 75.0}), json!({"rate": 85.0})]);
    let numbers = sql("select phone, count(*) as n from access_numbers group by 1 order by 1");
    assert_eq!(
        numbers,
        [
            json!({"phone": "0 810 604 608", "n": 1}),
            json!({"phone": "15", "n": 4}),
            json!({"phone": "39 66", "n": 8})
        ]
    );

    let verified = vigie(&["--lake", "here/lake", "verify"]);
    assert!(verified.contains("no damage"), "{verified}");

    let pdf = folder.path().join("here/bulletin-2020-W42-region-76.pdf");
    let twin: Value = serde_json::from_slice(&std::fs::read(pdf.with_extension("json")).unwrap()).unwrap();
    assert_eq!(twin["territory"]["name"], "Occitanie");
    // Our own output, pinned: a change of any printed figure of the key table is a diff to review.
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or("").to_owned();
    let table: Vec<String> = twin["published"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|value| value["section"] == "indicators")
        .map(|v| {
            format!(
                "{} | {} | {} | {}",
                text(v, "label"),
                text(v, "indicator"),
                text(v, "time_value"),
                text(v, "printed")
            )
        })
        .collect();
    insta::assert_snapshot!("demo_key_indicators", table.join("\n"));
    let checked = std::process::Command::new("qpdf").arg("--check").arg(&pdf).output();
    if let Ok(checked) = checked {
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
    let Some(text) = pdf_text(&pdf) else { return };
    for part in ["Occitanie", "Semaine 42", "Haute-Garonne", "39 66", "Qualité des données", "Définitions"]
    {
        let plain = text.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(plain.contains(part), "the bulletin holds « {part} »: {plain}");
    }

    let again = command(folder.path()).args(["demo", "--out", "here", "--quiet"]).output().unwrap();
    succeed(&again);
    std::fs::create_dir_all(folder.path().join("mine/lake")).unwrap();
    let refused = command(folder.path()).args(["demo", "--out", "mine"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "a lake that the demo did not make is left alone");
}
