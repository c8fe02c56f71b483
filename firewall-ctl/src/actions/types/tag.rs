//! Actions on tags.

use super::{Filter, Tag, answer, request};

request! {
    /// Gives tags to resources, all or none. A tag of the same key gets the new value.
    CreateTags {
        /// The resources, of any kind that has tags; at most 1000.
        resources: Vec<String>,
        /// The tags.
        tags: Vec<Tag>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Takes tags from resources, all or none. What a resource does not have is no error.
    DeleteTags {
        /// The resources, of any kind that has tags; at most 1000.
        resources: Vec<String>,
        /// The tags, at most 1000; all that there are when absent, but those that begin with `firewall:`.
        tags: Vec<TagChoice>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists tags.
    DescribeTags {
        /// Filters: `key`, `resource-id`, `resource-type`, `tag:KEY`, `value`.
        filters: Vec<Filter>,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Tags of one key: those of a value, or whatever their value is.
    TagChoice {
        /// The key.
        key: Option<String>,
        /// The value, which may be empty; any when absent.
        value: Option<String>,
    }
}

answer! {
    /// Answer of DescribeTags.
    DescribeTagsResult {
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
        /// The tags, by resource and key.
        tags: Vec<TagDescription>,
    }

    /// A tag of a resource.
    TagDescription {
        /// The key.
        key: String,
        /// The resource.
        resource_id: String,
        /// What the resource is, such as `security-group`.
        resource_type: String,
        /// The value.
        value: String,
    }
}
