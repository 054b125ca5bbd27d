//! The departments of the samples, read from the reference file that ships with Vigie.

/// Reference file of `queries/`: codes, populations, beds of 2018.
pub(crate) const DEPARTMENTS_CSV: &str = include_str!("../../queries/reference/departments.csv");

/// A department.
#[derive(Debug, Clone)]
pub(crate) struct Department {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) region: &'static str,
    pub(crate) population: i64,
    /// Intensive-care, intermediate and continuing-care beds installed.
    pub(crate) beds: [i64; 3],
}

/// All departments, by code. The reference file has no quoted field, so a plain split reads it.
pub(crate) fn all() -> Vec<Department> {
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
    DEPARTMENTS_CSV
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&'static str> = line.split(',').collect();
            Some(Department {
                code: fields.first()?,
                name: fields.get(1)?,
                region: fields.get(2)?,
                population: number(fields.get(4).copied()),
                beds: [7, 8, 9].map(|at| number(fields.get(at).copied())),
            })
        })
        .collect()
}

/// The thirteen departments of Occitanie.
pub(crate) fn occitanie() -> Vec<Department> {
    all().into_iter().filter(|department| department.region == "76").collect()
}
