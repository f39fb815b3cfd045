//! A site's own protocols: files that describe a message format, so that what has it is called by a name of the site's.

use super::{Exit, Fault};
use clap::Args;
use picket_dissect::infer::{Constant, Counts, LengthField, Library, OperationField, Order, Relation, SiteProtocol};
use picket_event::{Operation, Protocol, Transport};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Descriptions read at most.
const FILES_MAX: usize = 256;
/// Bytes of one at most.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// Places in a message that can be described.
const PLACES: u8 = 64;
/// Bytes of a name at most.
const NAME_MAX: usize = 32;

/// Protocols beyond those that are built in.
#[derive(Clone, Debug, Default, Args)]
pub struct ProtocolArgs {
    /// Descriptions of a site's own protocols (TOML), or directories of them
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    pub protocols: Vec<PathBuf>,
    /// Instead of events, print the message formats of unknown conversations that are like those of a plant
    #[arg(long)]
    pub explain_unknown: bool,
    /// Leave out built-in readers, by the names of their protocols
    #[arg(long, value_name = "NAMES", value_delimiter = ',', hide = true)]
    pub hide: Vec<String>,
}

impl ProtocolArgs {
    /// What the options ask for; nothing where they ask for nothing.
    pub(super) fn load(&self) -> Result<Option<Arc<Library>>, Fault> {
        let mut library = Library::new(load(&self.protocols)?);
        for name in &self.hide {
            if !library.hide(&Protocol::from_name(name)) {
                return Err(Fault::say(Exit::Usage, format!("--hide: there is no reader of \"{name}\"")));
            }
        }
        if self.explain_unknown {
            library.explain();
        }
        Ok(Some(Arc::new(library)))
    }
}

/// The protocols described in a folder; none where none is named.
pub(super) fn folder(path: &Path) -> Result<Option<Arc<Library>>, Fault> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    Ok(Some(Arc::new(Library::new(load(&[path.to_owned()])?))))
}

/// The protocols of files and directories, in the order of their names.
fn load(paths: &[PathBuf]) -> Result<Vec<SiteProtocol>, Fault> {
    let mut files = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => files.extend(descriptions(path)?),
            false => files.push(path.clone()),
        }
    }
    if files.len() > FILES_MAX {
        let sentence = format!("{} descriptions of protocols are more than {FILES_MAX}", files.len());
        return Err(Fault::say(Exit::Usage, sentence));
    }
    files.iter().map(|file| one(file)).collect()
}

/// The `*.toml` of a directory.
fn descriptions(directory: &Path) -> Result<Vec<PathBuf>, Fault> {
    let fault = |error: std::io::Error| Fault::say(Exit::Usage, format!("protocols {}: {error}", directory.display()));
    let entries = std::fs::read_dir(directory).map_err(fault)?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn one(path: &Path) -> Result<SiteProtocol, Fault> {
    let fault = |why: String| Fault::say(Exit::Usage, format!("protocol {}: {why}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| fault(error.to_string()))?.len();
    if size > FILE_BYTES_MAX {
        return Err(fault(format!("{size} bytes are more than {FILE_BYTES_MAX}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    parse(&text).map_err(fault)
}

/// A description as its file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    name: String,
    transport: Carrier,
    #[serde(default)]
    constant: Vec<ConstantByte>,
    length: Option<Length>,
    operation: Option<OperationByte>,
    #[serde(default)]
    code: Vec<Code>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Carrier {
    Tcp,
    Udp,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConstantByte {
    at: u8,
    value: u8,
    #[serde(default = "all_bits")]
    mask: u8,
}

const fn all_bits() -> u8 {
    0xff
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Length {
    at: u8,
    width: u8,
    #[serde(default)]
    order: ByteOrder,
    plus: Option<u8>,
    #[serde(default)]
    ft3: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ByteOrder {
    #[default]
    Big,
    Little,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationByte {
    request: u8,
    response: u8,
    #[serde(default)]
    relation: Tie,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tie {
    #[default]
    Equal,
    Shared,
    Plus(u8),
    Constant(u8),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    value: u8,
    operation: String,
    #[serde(default)]
    name: String,
}

/// The protocol that a description (TOML, `docs/unknown.md`) names.
///
/// # Errors
/// What is wrong with it, with its line where that is known.
pub fn parse(text: &str) -> Result<SiteProtocol, String> {
    let description: Description = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
        format!("line {line}: {}", error.message())
    })?;
    let Description { name, transport, constant, length, operation, code } = description;
    let protocol = named(&name)?;
    let place = |key: &str, at: u8| match at < PLACES {
        true => Ok(at),
        false => Err(format!("`{key}` = {at}: a place is 0 to {}", PLACES - 1)),
    };
    for one in &constant {
        place("constant.at", one.at)?;
        if one.value & !one.mask != 0 {
            return Err(format!("`constant.value` = {:#04x} has bits outside its mask {:#04x}", one.value, one.mask));
        }
    }
    if constant.is_empty() && length.is_none() {
        return Err("without `constant` and `length` every conversation would have this format".to_owned());
    }
    if let Some(operation) = &operation {
        place("operation.request", operation.request)?;
        place("operation.response", operation.response)?;
    }
    Ok(SiteProtocol {
        protocol,
        transport: match transport {
            Carrier::Tcp => Transport::TCP,
            Carrier::Udp => Transport::UDP,
        },
        constants: constant.into_iter().map(|ConstantByte { at, value, mask }| Constant { at, value, mask }).collect(),
        length: length.map(|length| field(&length)).transpose()?,
        operation: operation.map(|OperationByte { request, response, relation }| OperationField {
            request_at: request,
            response_at: response,
            relation: match relation {
                Tie::Equal => Relation::Equal,
                Tie::Shared => Relation::Shared,
                Tie::Plus(by) => Relation::Plus(by),
                Tie::Constant(value) => Relation::Constant(value),
            },
        }),
        codes: code.into_iter().map(meaning).collect::<Result<_, _>>()?,
    })
}

/// A name that no built-in protocol has.
fn named(name: &str) -> Result<Protocol, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(fits) {
        return Err(format!(
            "`name` = \"{name}\": a name is 1 to {NAME_MAX} lower-case letters, digits, hyphens, dots and underscores"
        ));
    }
    match Protocol::from_name(name) {
        protocol @ Protocol::Named(_) => Ok(protocol),
        Protocol::Known(_) => Err(format!("`name` = \"{name}\" is a protocol that is built in; take another name")),
    }
}

fn field(length: &Length) -> Result<LengthField, String> {
    let Length { at, width, order, plus, ft3 } = *length;
    if !matches!(width, 1 | 2 | 4) {
        return Err(format!("`length.width` = {width}: it is 1, 2 or 4 bytes"));
    }
    if at >= PLACES {
        return Err(format!("`length.at` = {at}: a place is 0 to {}", PLACES - 1));
    }
    let counts = match (plus, ft3) {
        (Some(_), true) | (None, false) => {
            return Err("`length` needs one of `plus` (bytes a message has more than its value) and `ft3`".to_owned());
        }
        (Some(plus), false) => Counts::Plus(plus),
        (None, true) if width == 1 => Counts::Ft3,
        (None, true) => return Err("`length.ft3`: the length of an FT3 frame is one byte wide".to_owned()),
    };
    let order = match order {
        ByteOrder::Big => Order::Big,
        ByteOrder::Little => Order::Little,
    };
    Ok(LengthField { at, width, order, counts })
}

fn meaning(code: Code) -> Result<(u8, Operation, String), String> {
    let Code { value, operation, name } = code;
    match Operation::from_name(&operation) {
        Some(known) => Ok((value, known, name)),
        None => {
            let known: Vec<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
            Err(format!("`code.operation` = \"{operation}\" is no operation; there are {}", known.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = \"acme\"\ntransport = \"tcp\"\n[[constant]]\nat = 0\nvalue = 0x68\n[length]\nat = 1\n\
        width = 1\nplus = 2\n[operation]\nrequest = 6\nresponse = 7\nrelation = { plus = 128 }\n[[code]]\nvalue = 1\n\
        operation = \"read\"\nname = \"Get\"\n";

    #[test]
    fn a_description_is_read() {
        let site = parse(GOOD).unwrap();
        assert_eq!(site.protocol.name(), "acme");
        assert_eq!(site.constants, [Constant { at: 0, value: 0x68, mask: 0xff }]);
        assert_eq!(site.length.unwrap().counts, Counts::Plus(2));
        assert_eq!(site.operation.unwrap().relation, Relation::Plus(128));
        assert_eq!(site.codes, [(1, Operation::Read, "Get".to_owned())]);
    }

    #[test]
    fn a_wrong_description_says_what_is_wrong() {
        for (from, to, said) in [
            ("plus = 2\n", "", "`length` needs one of"),
            ("plus = 2\n", "ft3 = true\nplus = 2\n", "`length` needs one of"),
            ("width = 1", "width = 3", "`length.width` = 3"),
            ("\"acme\"", "\"modbus\"", "is built in"),
            ("\"acme\"", "\"Acme\"", "`name` = \"Acme\""),
            ("\"read\"", "\"raed\"", "`code.operation` = \"raed\""),
            ("at = 0", "at = 99", "`constant.at` = 99"),
            ("at = 0", "at = 0\nmask = 0x0f", "outside its mask"),
            ("\"tcp\"", "\"sctp\"", "line 2"),
            ("at = 0", "att = 0", "line 4"),
        ] {
            let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        assert!(parse("name = \"a\"\ntransport = \"udp\"\n").unwrap_err().contains("every conversation"));
    }
}
