//! One request of the controller, as a command makes it.

pub(super) use super::pages::Pages;
use super::pages::Paging;
use super::values::duration;
use super::values::structure::{self, Structures};
use serde_json::{Map, Value};
use std::time::Duration;

/// How a change is guarded against locking its caller out. Part of every command that changes something.
#[derive(clap::Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Against locking yourself out")]
pub(super) struct Guard {
    /// Make the change even if a new connection from where you are (SSH_CONNECTION) would be denied after it
    #[arg(long)]
    pub(super) force: bool,

    /// Undo the change after this time unless `firewall-ctl confirm` comes before: 90s, 5m, 1h30m
    #[arg(long, value_name = "DURATION", value_parser = duration::confirmation, conflicts_with = "force")]
    pub(super) confirm_within: Option<Duration>,
}

/// `--dry-run` as the service has it.
#[derive(clap::Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DryRun {
    /// Only check the permission, as the service does: the answer is the error DryRunOperation or UnauthorizedOperation
    #[arg(long, overrides_with = "no_dry_run", help_heading = None)]
    dry_run: bool,
    /// The contrary of --dry-run
    #[arg(long, overrides_with = "dry_run", help_heading = None)]
    no_dry_run: bool,
}

/// What every command has that changes something and can be tried.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Changing {
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    guard: Guard,
}

/// What every command has that lists, filters and pages.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Listing {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    pages: Pages,
}

/// `--filters` of the describe commands.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct Filters {
    /// List only what passes: Name=NAME,Values=A,B as shorthand, JSON, or file://PATH. Values of one filter are
    /// alternatives, several filters must all hold; `*` and `?` are wildcards
    #[arg(long, value_name = "FILTER", num_args = 1.., value_parser = structure::filters)]
    filters: Vec<Structures>,
}

/// `--tag-specifications` of the commands that make something.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct TagSpecifications {
    /// Tags for what is made: ResourceType=TYPE,Tags=[{Key=K,Value=V}] as shorthand, JSON, or file://PATH
    #[arg(
        long,
        value_name = "SPECIFICATION",
        num_args = 1..,
        value_parser = structure::tag_specifications,
        help_heading = None,
    )]
    tag_specifications: Vec<Structures>,
}

/// An operation with its members, built up one by one; what was not given on the command line is not sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) operation: &'static str,
    pub(super) body: Map<String, Value>,
    /// `None` for operations that change nothing.
    pub(super) guard: Option<Guard>,
    /// How a list is put together; `None` for what one call answers.
    pub(super) paging: Option<Paging>,
    /// What the caller should know about its own command line.
    pub(super) notes: Vec<String>,
}

impl Call {
    /// An operation without members.
    pub(super) fn new(operation: &'static str) -> Self {
        Self { operation, body: Map::new(), guard: None, paging: None, notes: Vec::new() }
    }

    pub(super) fn body(&self) -> Value {
        Value::Object(self.body.clone())
    }

    pub(super) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.body.insert(member.to_owned(), value.into());
        self
    }

    pub(super) fn with_some(self, member: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(member, value),
            None => self,
        }
    }

    pub(super) fn with_list<T: Clone + Into<Value>>(self, member: &str, list: &[T]) -> Self {
        if list.is_empty() { self } else { self.with(member, list.to_vec()) }
    }

    pub(super) fn with_flag(self, member: &str, flag: bool) -> Self {
        if flag { self.with(member, true) } else { self }
    }

    pub(super) fn with_structures(self, member: &str, words: &[Structures]) -> Self {
        self.with_list(member, &structure::all(words))
    }

    pub(super) fn with_structure(self, member: &str, word: Option<&Structures>) -> Self {
        match word.map(|word| structure::all(std::slice::from_ref(word))).as_deref() {
            Some([single]) => self.with(member, single.clone()),
            Some(_) | None => self,
        }
    }

    pub(super) fn with_filters(self, Filters { filters }: &Filters) -> Self {
        self.with_structures("Filters", filters)
    }

    pub(super) fn with_pages(self, pages: Pages) -> Self {
        pages.add_to(self)
    }

    pub(super) fn paged(mut self, paging: Paging) -> Self {
        self.paging = Some(paging);
        self
    }

    pub(super) fn with_tags(self, TagSpecifications { tag_specifications }: &TagSpecifications) -> Self {
        self.with_structures("TagSpecifications", tag_specifications)
    }

    pub(super) fn with_dry_run(self, DryRun { dry_run, no_dry_run: _ }: DryRun) -> Self {
        self.with_flag("DryRun", dry_run)
    }

    pub(super) fn changing(self, Changing { dry_run, guard }: Changing) -> Self {
        self.with_dry_run(dry_run).guarded(guard)
    }

    pub(super) fn listing(self, Listing { filters, dry_run, pages }: Listing) -> Self {
        self.with_filters(&filters).with_pages(pages).with_dry_run(dry_run)
    }

    pub(super) fn guarded(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    pub(super) fn noting(mut self, note: Option<String>) -> Self {
        self.notes.extend(note);
        self
    }
}
