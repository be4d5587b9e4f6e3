//! Resolves secret references. The value goes from its place to the HTTP client and nowhere else.
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use secrecy::SecretString;

use super::env::Env;
use super::exit::Exit;
use super::reading;
use super::ui::Failure;
use crate::model::Address;
use crate::plan::Plan;
use crate::platform;
use crate::platform::odeus::desired::{SecretReference, SecretSource};
use crate::platform::odeus::operation::{ClientSpec, IntegrationOperation, Operation};
use crate::platform::odeus::state::SecretLabel;

/// The secrets that the writes of one plan need, by label.
pub(super) type Secrets = BTreeMap<SecretLabel, SecretString>;

/// Reads every secret that the writes of a plan need, before the first one.
///
/// # Errors
/// When one is missing: nothing has been done then.
pub(super) fn resolve(plan: &Plan, root: &Path, env: &Env) -> Result<Secrets, Failure> {
    let mut secrets = Secrets::new();
    for planned in &plan.bound.operations {
        let Some(label) = needed(&planned.operation) else { continue };
        let value = read(label, root, env).map_err(|why| {
            let client = planned.unit.oauth().child("client");
            Failure::new(
                Exit::Error,
                format!("the client secret of `{}` is not there: {why}; nothing was done", planned.unit),
            )
            .details(line_of(plan, &client).into_iter().collect())
            .help("put it in place and run again; secrets are only ever referred to, never written into files")
        })?;
        secrets.insert(label.clone(), value);
    }
    Ok(secrets)
}

/// Returns the line of the files that a plan was made from which declares `address`.
fn line_of(plan: &Plan, address: &Address) -> Option<String> {
    let source = plan.source_of(address)?;
    Some(format!("it is referred to at {}:{}:{}", source.file, source.line, source.column))
}

/// Returns the label of the secret that a write sends along.
const fn needed(operation: &platform::Operation) -> Option<&SecretLabel> {
    match operation {
        platform::Operation::Odeus(Operation::Integration {
            change:
                IntegrationOperation::SetClient {
                    client: ClientSpec::Custom { secret: Some(label), .. },
                },
            ..
        }) => Some(label),
        platform::Operation::Odeus(_) => None,
        // No write to it holds a secret: the value of a new key comes back from it.
        platform::Operation::Trustpager(_) => None,
    }
}

fn read(label: &SecretLabel, root: &Path, env: &Env) -> Result<SecretString, String> {
    let reference = SecretReference::parse(label)
        .ok_or_else(|| format!("`{label}` is no reference to a secret"))?;
    let value = match &reference.source {
        SecretSource::Env(name) => {
            let value = env.get(name).ok_or_else(|| format!("the variable `{name}` is not set"))?;
            value
                .to_str()
                .map(str::to_owned)
                .ok_or_else(|| format!("the variable `{name}` is not text"))?
        }
        SecretSource::File(path) => {
            let text = reading::text_or_pipe(&root.join(path), reading::SECRET)
                .map_err(|why| format!("cannot read the file `{path}`: {why}"))?;
            text.trim_end().to_owned()
        }
    };
    if value.is_empty() {
        return Err(format!("`{}` is empty", reference.source));
    }
    Ok(SecretString::from(value))
}

/// What to do about a file without a token.
const TOKEN_FILE: &str = "SCOPEFORM_TOKEN_FILE names it, from the folder that the command runs in; put the token there, or set \
                          SCOPEFORM_TOKEN; that of `scopeform serve` is there while it serves";

/// The token of the file, read once in a run of the program: a pipe says it once, and a second reading would wait for ever.
static FROM_FILE: OnceLock<SecretString> = OnceLock::new();

/// Returns the bearer token for a URL.
///
/// # Errors
/// When there is none, or its file cannot be read.
pub(super) fn token(env: &Env) -> Result<SecretString, Failure> {
    let text =
        |name: &str| env.get(name).and_then(|value| value.to_str()).filter(|v| !v.is_empty());
    if let Some(token) = text("SCOPEFORM_TOKEN") {
        return Ok(SecretString::from(token.trim().to_owned()));
    }
    if let Some(path) = text("SCOPEFORM_TOKEN_FILE") {
        if let Some(token) = FROM_FILE.get() {
            return Ok(token.clone());
        }
        let token = reading::text_or_pipe(Path::new(path), reading::SECRET).map_err(|why| {
            Failure::new(Exit::NoAccess, format!("cannot read the token file `{path}`: {why}"))
                .help(TOKEN_FILE)
        })?;
        if token.trim().is_empty() {
            return Err(Failure::new(
                Exit::NoAccess,
                format!("there is no token in the file `{path}`"),
            )
            .help(TOKEN_FILE));
        }
        let token = SecretString::from(token.trim().to_owned());
        return Ok(FROM_FILE.get_or_init(|| token).clone());
    }
    Err(Failure::new(Exit::NoAccess, "there is no token for the live system")
        .help("set SCOPEFORM_TOKEN, or SCOPEFORM_TOKEN_FILE to a file that holds it"))
}
