//! How EC2 names things on its wire: a table derived from botocore's model of the service (`cargo xtask shapes`).

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The table, as it is committed.
const TABLE: &str = include_str!("shapes.json");

static SHAPES: LazyLock<Shapes> =
    LazyLock::new(|| Shapes::read(TABLE).expect("the committed table is read by the tests of this module"));

/// All operations with what they are made of.
#[derive(Debug)]
pub struct Shapes {
    /// Where the table comes from.
    pub source: String,
    /// The version of the API.
    pub version: String,
    /// The namespace of answers.
    pub namespace: String,
    operations: BTreeMap<String, Operation>,
    structures: Vec<Structure>,
    lists: Vec<List>,
}

/// What an operation takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Its parameters; none when it takes none.
    pub input: Option<StructureIndex>,
    /// Its answer; none when it says only that it is done.
    pub output: Option<StructureIndex>,
}

/// A place in the table of structures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StructureIndex(usize);

/// A place in the table of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListIndex(usize);

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number.
    Double,
    /// `true` or `false`.
    Boolean,
    /// A time, as text.
    Timestamp,
    /// Octets, as text in base 64.
    Blob,
    /// Members with names.
    Structure(StructureIndex),
    /// Values of one form.
    List(ListIndex),
}

/// Members with names.
#[derive(Debug)]
pub struct Structure {
    /// Its name in the model.
    pub name: String,
    /// Its members.
    pub members: Vec<Member>,
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name in SDKs, which is that in our JSON.
    pub name: String,
    /// Its name in requests.
    pub sent: String,
    /// Its name in answers.
    pub answered: String,
    /// What it is.
    pub form: Form,
}

/// Values of one form.
#[derive(Debug)]
pub struct List {
    /// The name of the element around each value in answers.
    pub item: String,
    /// What each value is.
    pub of: Form,
}

/// Why a table is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It is no table.
    #[error("not a table of shapes")]
    Json(#[from] serde_json::Error),
    /// It names what it does not have.
    #[error("{0} is named and not there")]
    Missing(String),
}

impl Shapes {
    /// The committed table.
    #[must_use]
    pub fn get() -> &'static Self {
        &SHAPES
    }

    /// The operation of a name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<Operation> {
        self.operations.get(name).copied()
    }

    /// The names of all operations.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.keys().map(String::as_str)
    }

    /// A structure.
    #[must_use]
    pub fn structure(&self, StructureIndex(index): StructureIndex) -> &Structure {
        &self.structures[index]
    }

    /// A list.
    #[must_use]
    pub fn list(&self, ListIndex(index): ListIndex) -> &List {
        &self.lists[index]
    }

    fn read(text: &str) -> Result<Self, TableError> {
        let Raw { source, version, namespace, operations, shapes } = serde_json::from_str(text)?;
        let (mut structures, mut lists) = (BTreeMap::new(), BTreeMap::new());
        for (name, shape) in &shapes {
            match shape {
                RawShape::Structure(_) => drop(structures.insert(name.as_str(), structures.len())),
                RawShape::List { .. } => drop(lists.insert(name.as_str(), lists.len())),
            }
        }
        let known = Known { structures, lists };
        let mut shapes_read = Self {
            source,
            version,
            namespace,
            operations: BTreeMap::new(),
            structures: Vec::with_capacity(known.structures.len()),
            lists: Vec::with_capacity(known.lists.len()),
        };
        // In the order of names, as they were numbered.
        for (name, shape) in &shapes {
            match shape {
                RawShape::Structure(members) => {
                    let members = members.iter().map(|(name, raw)| raw.member(name, &known));
                    let members = members.collect::<Result<_, _>>()?;
                    shapes_read.structures.push(Structure { name: name.clone(), members });
                }
                RawShape::List { list, name } => {
                    shapes_read.lists.push(List { item: name.clone(), of: known.form(list)? });
                }
            }
        }
        for (name, (input, output)) in operations {
            let side = |name: Option<String>| name.map(|name| known.structure(&name)).transpose();
            shapes_read.operations.insert(name, Operation { input: side(input)?, output: side(output)? });
        }
        Ok(shapes_read)
    }
}

/// The table as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    source: String,
    version: String,
    namespace: String,
    operations: BTreeMap<String, (Option<String>, Option<String>)>,
    shapes: BTreeMap<String, RawShape>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum RawShape {
    List { list: String, name: String },
    Structure(BTreeMap<String, RawMember>),
}

/// What it is, `locationName`, `queryName`: as many as there are.
#[derive(Deserialize)]
struct RawMember(Vec<Option<String>>);

impl RawMember {
    fn member(&self, name: &str, known: &Known<'_>) -> Result<Member, TableError> {
        let word = |at: usize| self.0.get(at).and_then(Option::as_deref);
        let form = known.form(word(0).unwrap_or_default())?;
        let location = word(1);
        // As the SDKs do it: a name of its own for requests, else that of answers with a capital, else the member's.
        let sent = word(2).map(str::to_owned).or_else(|| location.map(capitalised)).unwrap_or_else(|| name.to_owned());
        Ok(Member { name: name.to_owned(), sent, answered: location.unwrap_or(name).to_owned(), form })
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// Where structures and lists will be.
struct Known<'a> {
    structures: BTreeMap<&'a str, usize>,
    lists: BTreeMap<&'a str, usize>,
}

impl Known<'_> {
    fn structure(&self, name: &str) -> Result<StructureIndex, TableError> {
        self.structures.get(name).copied().map(StructureIndex).ok_or_else(|| TableError::Missing(name.to_owned()))
    }

    fn form(&self, name: &str) -> Result<Form, TableError> {
        match name {
            "string" => Ok(Form::Text),
            "integer" => Ok(Form::Integer),
            "double" => Ok(Form::Double),
            "boolean" => Ok(Form::Boolean),
            "timestamp" => Ok(Form::Timestamp),
            "blob" => Ok(Form::Blob),
            other => match self.lists.get(other) {
                Some(index) => Ok(Form::List(ListIndex(*index))),
                None => self.structure(other).map(Form::Structure),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_table_is_read() {
        let shapes = Shapes::read(TABLE).unwrap();
        assert_eq!(shapes.version, crate::ec2::VERSION);
        assert!(shapes.namespace.contains(&shapes.version), "{}", shapes.namespace);
        assert!(shapes.operations().count() > 70);
    }

    #[test]
    fn wire_names_are_those_of_the_service() {
        let shapes = Shapes::get();
        let input = |operation: &str| shapes.structure(shapes.operation(operation).unwrap().input.unwrap());
        let sent = |operation: &str, member: &str| {
            let found = input(operation).members.iter().find(|each| each.name == member);
            found.unwrap_or_else(|| panic!("{operation} has no {member}")).sent.as_str()
        };
        for (operation, member, wire) in [
            ("CreateSecurityGroup", "Description", "GroupDescription"),
            ("CreateSecurityGroup", "DryRun", "DryRun"),
            ("DescribeSecurityGroups", "Filters", "Filter"),
            ("DescribeSecurityGroups", "GroupIds", "GroupId"),
            ("ModifyNetworkInterfaceAttribute", "Groups", "SecurityGroupId"),
            ("ModifyNetworkInterfaceAttribute", "NetworkInterfaceId", "NetworkInterfaceId"),
            ("ModifyManagedPrefixList", "AddEntries", "AddEntry"),
            ("ModifySecurityGroupRules", "SecurityGroupRules", "SecurityGroupRule"),
        ] {
            assert_eq!(sent(operation, member), wire);
        }
    }

    #[test]
    fn names_are_told_apart_on_each_wire() {
        let shapes = Shapes::get();
        for structure in &shapes.structures {
            let sent: std::collections::BTreeSet<&str> = structure.members.iter().map(|each| &*each.sent).collect();
            assert_eq!(sent.len(), structure.members.len(), "{}", structure.name);
            let answered: std::collections::BTreeSet<&str> =
                structure.members.iter().map(|each| &*each.answered).collect();
            assert_eq!(answered.len(), structure.members.len(), "{}", structure.name);
        }
    }

    #[test]
    fn a_table_with_a_gap_is_refused() {
        let text = r#"{"source": "", "version": "", "namespace": "", "operations": {"A": ["B", null]}, "shapes": {}}"#;
        assert!(matches!(Shapes::read(text), Err(TableError::Missing(name)) if name == "B"));
    }
}
