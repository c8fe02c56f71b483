//! Plays: models one after the other, and packets that come while each is in force. The oracle and the compiled tables
//! have to agree about every packet.

mod arbitrary;
mod scene;

pub use scene::{
    ALWAYS, ATTACHMENT, ENTRIES, GROUPS, LISTS, LOCAL, MEMBERS, PacketSketch, PeerSketch, Play, RuleSketch, Scene,
    SceneSketch, Slip, THIRD, Third,
};

use crate::judge::{Hook, Host, Outcome, RuleMoved};
use crate::oracle::{Judgement, LinkSketch, Oracle, Sketch};
use firewall_common::abi::{INTERFACE_NO_ETHERNET, Interface};
use firewall_common::verdict::Direction;
use firewall_ctl::model::Model;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// A packet that the oracle and the host's tables agree about.
#[derive(Debug)]
pub struct Met<'a> {
    /// Where it was met.
    pub hook: Hook,
    /// The way that it goes.
    pub direction: Direction,
    /// What is known of it.
    pub sketch: &'a Sketch,
    /// Its octets.
    pub frame: &'a [u8],
    /// What the oracle says.
    pub expected: Judgement,
    /// What the host's tables say and count.
    pub on_host: &'a Outcome,
}

/// Sees a play beside the oracle and the host's tables.
pub trait Spectator {
    /// A model comes into force, with addresses that need no rule, and the interface has this entry.
    fn scene(&mut self, model: &Model, always: &BTreeSet<IpAddr>, entry: Interface);

    /// A packet comes.
    ///
    /// # Errors
    /// What else it sees.
    fn packet(&mut self, met: &Met<'_>) -> Result<(), String>;
}

/// Sees nothing.
impl Spectator for () {
    fn scene(&mut self, _: &Model, _: &BTreeSet<IpAddr>, _: Interface) {}

    fn packet(&mut self, _: &Met<'_>) -> Result<(), String> {
        Ok(())
    }
}

impl Play {
    /// Plays to the oracle and the host's tables, from no flows on, and what they agree about to a spectator.
    ///
    /// # Errors
    /// The first packet about which there is a difference.
    pub fn perform(&self, host: &mut Host, spectator: &mut impl Spectator) -> Result<(), String> {
        let mut oracle = Oracle::default();
        host.forget();
        let receive = if self.over_xdp && !self.is_bare { Hook::Xdp } else { Hook::TcReceive };
        let mut shown = Vec::new();
        for (number, scene) in self.scenes.iter().enumerate() {
            let Scene { model, interface, always } = scene.build(self.side);
            host.publish(&model);
            host.allow_always(&always);
            let mut entry = host.entry(ATTACHMENT);
            if self.is_bare {
                entry.flags |= INTERFACE_NO_ETHERNET;
            }
            host.place(entry);
            oracle.watch(scene.is_watched);
            oracle.allow_always(always.clone());
            spectator.scene(&model, &always, entry);
            for packet in &scene.packets {
                let (direction, mut sketch) = packet.resolve(scene, &shown);
                if self.is_bare {
                    sketch.link = LinkSketch::Bare;
                }
                let frame = sketch.frame();
                let hook = if receive.direction(self.side) == direction { receive } else { Hook::TcSend };
                let expected = oracle.judge(&model, interface, direction, &sketch);
                let on_host = host.judge(hook, &frame);
                let explain = |what: &str| {
                    format!(
                        "{what} in scene {number}, {hook:?} of a {:?}, {direction:?}\n{sketch:#?}\noracle {expected:?}\n\
                         host {on_host:?}",
                        self.side
                    )
                };
                let verdict = on_host.verdict(ATTACHMENT, direction, frame.len()).map_err(|text| explain(&text))?;
                if verdict != expected.verdict {
                    return Err(explain(&format!("{verdict:?} instead of {:?}", expected.verdict)));
                }
                if !names_the_rule(expected, &on_host.rules) {
                    return Err(explain("another rule is counted"));
                }
                let met = Met { hook, direction, sketch: &sketch, frame: &frame, expected, on_host: &on_host };
                spectator.packet(&met).map_err(|text| explain(&text))?;
                shown.push((direction, sketch));
            }
        }
        Ok(())
    }
}

/// A packet that a rule let through moves the counter of that rule, one of a flow that of the rule which admitted it, a
/// fragment the same as the first one of its datagram, and others move none.
fn names_the_rule(expected: Judgement, counted: &[RuleMoved]) -> bool {
    match (expected.rule, expected.by_flow) {
        (Some(rule), _) => matches!(counted, [RuleMoved { rule: counted, .. }] if *counted == rule),
        (None, true) => counted.len() == 1,
        (None, false) => counted.is_empty(),
    }
}
