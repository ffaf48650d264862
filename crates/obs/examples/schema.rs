//! Prints the JSON schema of `obs.yaml`; `cargo xtask schema` keeps it in `docs/`.

fn main() {
    print!("{}", obs::config::schema());
}
