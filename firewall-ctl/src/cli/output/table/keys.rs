//! Access keys.

use super::{Screen, finish};
use crate::actions::types::ListAccessKeysResult;
use comfy_table::Cell;

pub(super) fn listed(screen: &Screen, answer: &ListAccessKeysResult) -> String {
    let mut table = screen.table(["Key", "Name", "Role", "Account", "VPC", "Status", "Made"]);
    for key in &answer.access_key_metadata {
        table.add_row([
            Cell::new(&key.access_key_id),
            Cell::new(&key.user_name),
            Cell::new(&key.role),
            Cell::new(&key.account_id),
            Cell::new(key.vpc_id.as_deref().unwrap_or("all")),
            Cell::new(&key.status),
            Cell::new(&key.create_date),
        ]);
    }
    finish(&table, "No access keys: create-access-key makes one.")
}
