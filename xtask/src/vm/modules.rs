//! Modules of a kernel, with those that they need.

use super::kernel::Kernel;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of modules and of all that they need, in the order in which they can be loaded. What the kernel contains is
/// left out.
pub fn in_order(wanted: &[&str], kernel: &Kernel) -> Result<Vec<PathBuf>> {
    let directory = kernel.modules();
    let mut files = BTreeMap::new();
    collect(&directory, &mut files).with_context(|| format!("cannot read {}", directory.display()))?;
    let list = directory.join("modules.builtin");
    let builtin = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    for module in builtin.lines().filter_map(module_name) {
        files.remove(&module);
    }
    let is_builtin: Vec<String> = builtin.lines().filter_map(module_name).collect();
    let wanted: Vec<&str> =
        wanted.iter().copied().filter(|name| !is_builtin.iter().any(|other| other == name)).collect();
    let names = resolve(&wanted, &mut |name| {
        let file = files.get(name).with_context(|| format!("{} has no module {name}", directory.display()))?;
        let octets = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        dependencies(&octets).with_context(|| format!("{} does not say what it depends on", file.display()))
    })?;
    Ok(names.iter().filter_map(|name| files.get(name)).cloned().collect())
}

fn collect(directory: &Path, files: &mut BTreeMap<String, PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if let Some(name) = path.to_str().and_then(module_name) {
            files.insert(name, path);
        }
    }
    Ok(())
}

/// The name of a module by its path; the kernel knows no `-` in it.
fn module_name(path: &str) -> Option<String> {
    Some(Path::new(path).file_name()?.to_str()?.strip_suffix(".ko")?.replace('-', "_"))
}

/// What a module depends on, from the text that it carries for that.
fn dependencies(octets: &[u8]) -> Option<Vec<String>> {
    let names = octets.split(|octet| *octet == 0).find_map(|text| text.strip_prefix(b"depends="))?;
    let names = std::str::from_utf8(names).ok()?;
    Some(names.split(',').filter(|name| !name.is_empty()).map(|name| name.replace('-', "_")).collect())
}

/// Names with all that they depend on before them, each once.
fn resolve(wanted: &[&str], dependencies: &mut impl FnMut(&str) -> Result<Vec<String>>) -> Result<Vec<String>> {
    fn visit(
        name: &str,
        dependencies: &mut impl FnMut(&str) -> Result<Vec<String>>,
        done: &mut Vec<String>,
    ) -> Result<()> {
        if !done.iter().any(|other| other == name) {
            for needed in dependencies(name)? {
                visit(&needed, dependencies, done)?;
            }
            done.push(name.to_owned());
        }
        Ok(())
    }
    let mut done = Vec::new();
    wanted.iter().try_for_each(|name| visit(name, dependencies, &mut done))?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_needs_comes_before_it_and_once() {
        let mut needs = |name: &str| {
            let needs: &[&str] = match name {
                "tcp_diag" | "udp_diag" => &["inet_diag"],
                "inet_diag" | "veth" => &[],
                _ => anyhow::bail!("no module {name}"),
            };
            Ok(needs.iter().map(|name| (*name).to_owned()).collect())
        };
        let order = resolve(&["veth", "tcp_diag", "udp_diag"], &mut needs).unwrap();
        assert_eq!(order, ["veth", "inet_diag", "tcp_diag", "udp_diag"]);
        assert_eq!(resolve(&["nonesuch"], &mut needs).unwrap_err().to_string(), "no module nonesuch");
    }

    #[test]
    fn a_module_says_what_it_depends_on() {
        assert_eq!(
            dependencies(b"\x7fELF\0license=GPL\0depends=a,b-c\0name=x\0"),
            Some(vec!["a".into(), "b_c".into()])
        );
        assert_eq!(dependencies(b"\x7fELF\0depends=\0name=x\0"), Some(Vec::new()));
        assert_eq!(dependencies(b"\x7fELF\0name=x\0"), None);
    }

    #[test]
    fn modules_are_known_by_the_kernels_names() {
        assert_eq!(module_name("kernel/net/sched/sch-ingress.ko").as_deref(), Some("sch_ingress"));
        assert_eq!(module_name("modules.builtin"), None);
    }
}
