//! `vigie init`: a commented configuration to start from.

use std::path::Path;

use crate::cli::Territory;
use crate::config::TEMPLATE;
use crate::error::Error;

/// Writes `vigie.toml` in a folder, which is made when absent.
///
/// # Errors
/// [`Error::Usage`] when there is one already, [`Error::Write`].
pub fn run(dir: &Path, territory: &Territory) -> Result<(), Error> {
    let file = dir.join("vigie.toml");
    if file.exists() {
        return Err(Error::Usage(format!("{} exists; it is left as it is", file.display())));
    }
    std::fs::create_dir_all(dir).map_err(|source| Error::Write { path: dir.to_owned(), source })?;
    std::fs::write(&file, TEMPLATE.replace("@TERRITORY@", &territory.place.to_string()))
        .map_err(|source| Error::Write { path: file.clone(), source })?;
    println!("{}", file.display());
    if let Some(department) = &territory.or_department {
        println!(
            "Territory: {} ({}); for {} write territory = \"{department}\" in it",
            territory.place.name(),
            territory.place,
            department.name()
        );
    }
    println!(
        "Next: give the addresses of your feeds in it, then\n  cd {} && vigie config check && vigie fetch",
        dir.display()
    );
    Ok(())
}
