//! Brings programs and maps into the kernel and pins them, or takes over those that are pinned.
//!
//! The manifest is written last and removed first: as long as it is there, what is pinned beside it is complete.

use super::error::DataplaneError;
use super::pins::Pins;
use super::programs::Programs;
use super::sys::bpf;
use super::sys::plain::Plain;
use super::{DataplaneConfig, adoption, object};
use crate::compile::Limits;
use aya::maps::{Array, Map, MapData};
use aya::programs::{Program, ProgramError};
use aya::{Ebpf, EbpfLoader};
use aya_obj::Object;
use firewall_common::abi::{ABI_VERSION, Manifest, map};
use sha2::{Digest as _, Sha256};
use std::os::fd::AsFd as _;

/// How the programs came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// There was nothing.
    Loaded,
    /// The same programs were there, and run on.
    Adopted,
    /// Other programs were there, and these took their place on the same tables.
    Replaced,
}

/// Loads, adopts or replaces. Afterwards everything can be opened from its pin.
pub(super) fn bring(config: &DataplaneConfig, pins: &Pins) -> Result<Origin, DataplaneError> {
    let code = object::object()?;
    let wanted = manifest(code, config);
    let links = pins.list_links().map_err(DataplaneError::pin("list", pins.links()))?;
    let found = read_manifest(pins)?.filter(|manifest| manifest.abi_version != 0);
    let Some(found) = found else {
        if !links.is_empty() {
            let missing = map::MANIFEST.to_owned();
            return Err(DataplaneError::Incomplete { path: pins.root().to_owned(), missing });
        }
        // What an interrupted start has left.
        remove_all(pins)?;
        let loaded = load(code, config, pins).and_then(|()| write_manifest(pins, wanted));
        if loaded.is_err() {
            remove_all(pins)?;
        }
        return loaded.map(|()| Origin::Loaded);
    };
    if found.abi_version != ABI_VERSION {
        return Err(DataplaneError::Abi { path: pins.root().to_owned(), found: found.abi_version, known: ABI_VERSION });
    }
    let parsed = Object::parse(code).map_err(|error| DataplaneError::Load(error.into()))?;
    adoption::check_maps(&parsed, &config.limits, pins)?;
    if found == wanted && Programs::are_pinned(pins) {
        return Ok(Origin::Adopted);
    }
    replace(code, config, pins, &links)?;
    write_manifest(pins, wanted)?;
    Ok(Origin::Replaced)
}

/// What the manifest says when everything is as wanted. The log level is built into the programs when they are loaded,
/// so that another level makes other programs.
fn manifest(code: &[u8], config: &DataplaneConfig) -> Manifest {
    let digest = Sha256::new().chain_update(code).chain_update([config.log_level as u8]).finalize();
    Manifest { abi_version: ABI_VERSION, reserved: 0, object: digest.into() }
}

fn read_manifest(pins: &Pins) -> Result<Option<Manifest>, DataplaneError> {
    if !pins.map(map::MANIFEST).exists() {
        return Ok(None);
    }
    let array = open_manifest(pins)?;
    let manifest = array.get(&0, 0).map_err(DataplaneError::map("read", map::MANIFEST))?;
    Ok(Some(manifest.0))
}

fn write_manifest(pins: &Pins, manifest: Manifest) -> Result<(), DataplaneError> {
    open_manifest(pins)?.set(0, Plain(manifest), 0).map_err(DataplaneError::map("write", map::MANIFEST))
}

fn open_manifest(pins: &Pins) -> Result<Array<MapData, Plain<Manifest>>, DataplaneError> {
    let failed = || DataplaneError::map("open", map::MANIFEST);
    let data = MapData::from_pin(pins.map(map::MANIFEST)).map_err(failed())?;
    let data = Map::from_map_data(data).map_err(failed())?;
    Array::try_from(data).map_err(failed())
}

fn remove_all(pins: &Pins) -> Result<(), DataplaneError> {
    pins.remove_maps_and_programs().map_err(DataplaneError::pin("clear", pins.root()))
}

/// Loads the programs onto the pinned maps, which are made where they are not there, and pins them.
fn load(code: &[u8], config: &DataplaneConfig, pins: &Pins) -> Result<(), DataplaneError> {
    load_as(code, config, pins, |name| pins.program(name))
}

fn load_as(
    code: &[u8],
    config: &DataplaneConfig,
    pins: &Pins,
    path: impl Fn(&str) -> std::path::PathBuf,
) -> Result<(), DataplaneError> {
    let level = config.log_level as u8;
    let mut loader = EbpfLoader::new();
    loader.override_global(aya_log::LEVEL, &level, false);
    for name in map::ALL {
        loader.map_pin_path(name, pins.map(name));
        loader.map_max_entries(name, entries(&config.limits, name)?);
    }
    let mut ebpf = loader.load(code).map_err(|error| DataplaneError::Load(error.into()))?;
    load_programs(&mut ebpf).map_err(|error| DataplaneError::Load(Box::new(error)))?;
    for name in Programs::NAMES {
        let missing = || DataplaneError::Load(format!("the object has no program {name}").into());
        let program = ebpf.program_mut(name).ok_or_else(missing)?;
        let pin = path(name);
        super::pins::ignore_missing(std::fs::remove_file(&pin)).map_err(DataplaneError::pin("remove", &pin))?;
        program.pin(&pin).map_err(|error| DataplaneError::Load(error.into()))?;
    }
    Ok(())
}

/// Loads all programs at once: the verifier takes most of a second for each of the large ones.
fn load_programs(ebpf: &mut Ebpf) -> Result<(), ProgramError> {
    std::thread::scope(|scope| {
        let loads: Vec<_> =
            ebpf.programs_mut().map(|(_, program)| scope.spawn(move || load_program(program))).collect();
        loads.into_iter().try_for_each(|load| load.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

fn load_program(program: &mut Program) -> Result<(), ProgramError> {
    match program {
        Program::Xdp(program) => program.load(),
        Program::SchedClassifier(program) => program.load(),
        // Our object has no others; loading them would need to be told more.
        other => Err(ProgramError::UnexpectedProgramType).inspect_err(|_| {
            tracing::error!(kind = ?other.prog_type(), "a program of the object is neither XDP nor TC");
        }),
    }
}

fn entries(limits: &Limits, name: &'static str) -> Result<u32, DataplaneError> {
    limits.max_entries(name).ok_or_else(|| DataplaneError::Map {
        action: "size",
        table: name,
        source: "it has no limit".into(),
    })
}

/// Loads the new programs beside the old ones, gives them to the links, and only then puts them into the old one's place.
fn replace(
    code: &[u8],
    config: &DataplaneConfig,
    pins: &Pins,
    links: &[(u32, super::Leg)],
) -> Result<(), DataplaneError> {
    load_as(code, config, pins, |name| pins.next_program(name))?;
    for (number, leg) in links {
        let path = pins.link(*number, *leg);
        let link = bpf::get(&path).map_err(DataplaneError::pin("open", &path))?;
        let info = bpf::link_info(link.as_fd()).map_err(DataplaneError::pin("look at", &path))?;
        let Some(name) = Programs::name_for(info.target) else { continue };
        let program = bpf::get(&pins.next_program(name)).map_err(DataplaneError::pin("open", pins.program(name)))?;
        match bpf::link_update(link.as_fd(), program.as_fd()) {
            Ok(()) => {}
            // The device is gone, and the link with it: reconciling takes the pin away.
            Err(error) if error.raw_os_error() == Some(libc::ENOLINK) => {}
            Err(error) => return Err(DataplaneError::pin("put the new program into", path)(error)),
        }
    }
    for name in Programs::NAMES {
        let next = pins.next_program(name);
        std::fs::rename(&next, pins.program(name)).map_err(DataplaneError::pin("rename", next))?;
    }
    Ok(())
}
