//! Which model reads which document.

use super::{Tier, Wanted};
use crate::config::RoutingSettings;

/// The model for a document of so many pages and bytes.
pub fn routed_model(routing: &RoutingSettings, pages: u32, bytes: u64, tier: Tier, wanted: Wanted) -> &str {
    let is_small = pages <= routing.small_pages_max && bytes < routing.small_bytes;
    // Declarations are dense tables of boxes with numbers; the small model mixes them up.
    if !routing.enabled || (wanted == Wanted::CustomsDeclaration && is_small) {
        &routing.usual_model
    } else if is_small {
        &routing.small_model
    } else if pages <= routing.usual_pages_max || tier != Tier::Enterprise {
        &routing.usual_model
    } else {
        &routing.large_model
    }
}

/// Every model that the routing may choose.
pub fn routing_models(routing: &RoutingSettings) -> [String; 3] {
    [routing.small_model.clone(), routing.usual_model.clone(), routing.large_model.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_go_to_the_model_of_their_size() {
        let check = |pages, bytes, tier, expected: &str| {
            let routing = RoutingSettings::default();
            assert_eq!(routed_model(&routing, pages, bytes, tier, Wanted::Bill), expected, "{pages} {bytes}");
        };
        check(2, 511_999, Tier::Business, "claude-haiku-4-5");
        check(2, 512_000, Tier::Business, "claude-sonnet-4-6");
        check(3, 10, Tier::Business, "claude-sonnet-4-6");
        check(10, 10, Tier::Enterprise, "claude-sonnet-4-6");
        check(11, 10, Tier::Business, "claude-sonnet-4-6");
        check(11, 10, Tier::Enterprise, "claude-opus-4-7");
        let off = RoutingSettings { enabled: false, ..RoutingSettings::default() };
        assert_eq!(routed_model(&off, 1, 10, Tier::Enterprise, Wanted::Bill), "claude-sonnet-4-6");
    }
}
