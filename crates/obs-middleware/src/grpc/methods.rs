//! Which methods of gRPC are known, so that series, names of spans and routes are made of these alone.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use obs_core::observe::rpc::{last_two, split};
use obs_core::observe::{RpcCode, RpcMethod, RpcPassed};

/// How many methods are learned, by one layer.
const LEARNED: usize = 512;

/// The methods that were named, and those that have answered.
///
/// A method is learned from an answer that only its own code gives: one that is `OK`, one with a message in it, or one of a
/// code that no library makes by itself. `UNIMPLEMENTED`, `UNAUTHENTICATED`, `UNAVAILABLE` and the like are what routers,
/// guards and limits in front of all methods answer to whatever is asked for, a scanner's inventions included.
#[derive(Debug, Default)]
pub(crate) struct Methods(RwLock<Known>);

#[derive(Clone, Debug, Default)]
struct Known {
    /// By their paths.
    methods: HashMap<&'static str, RpcMethod>,
    /// Each with a method of it that is not known.
    services: HashMap<&'static str, RpcMethod>,
    learned: usize,
}

impl Methods {
    /// The same, and those of `names`: `package.Service`, or `package.Service/Method`.
    pub(crate) fn and(&self, names: impl IntoIterator<Item = String>) -> Self {
        let mut known = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        for name in names {
            let name = name.trim_start_matches('/');
            // Of a service alone it is the name that counts, so that any method stands for it.
            let (path, is_method) =
                if name.contains('/') { (format!("/{name}"), true) } else { (format!("/{name}/*"), false) };
            let Some(method) = RpcMethod::new(&path) else { continue };
            known.services.entry(method.service).or_insert(method.other());
            if is_method {
                known.add(method);
            }
        }
        Self(RwLock::new(known))
    }

    /// What is known of a path: its method, its service alone, or neither.
    pub(crate) fn look(&self, path: &str) -> RpcMethod {
        self.0.read().unwrap_or_else(PoisonError::into_inner).look(path)
    }

    /// The same after an answer.
    pub(crate) fn learn(&self, path: &str, told: Option<RpcCode>, sent: RpcPassed) -> RpcMethod {
        let (found, is_full) = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            (known.look(path), known.learned >= LEARNED)
        };
        let proves =
            sent.messages > 0 || told.is_some_and(|code| code == RpcCode::Ok || code.is_of_application());
        if found.route.is_some() || !proves || is_full || split(path).is_none() {
            return found;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.learned >= LEARNED {
            return found;
        }
        let Some(method) = RpcMethod::new(path) else { return found };
        if known.add(method) {
            known.learned += 1;
        }
        method
    }
}

impl Known {
    fn look(&self, path: &str) -> RpcMethod {
        if let Some(method) = last_two(path).and_then(|path| self.methods.get(path)) {
            return *method;
        }
        let service = split(path).and_then(|(service, _)| self.services.get(service));
        service.copied().unwrap_or(RpcMethod::UNKNOWN)
    }

    /// Whether it is new.
    fn add(&mut self, method: RpcMethod) -> bool {
        let Some(route) = method.route else { return false };
        self.services.entry(method.service).or_insert(method.other());
        self.methods.insert(route.as_str(), method).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: RpcPassed = RpcPassed { messages: 0, bytes: 0 };
    const ONE: RpcPassed = RpcPassed { messages: 1, bytes: 9 };

    fn names(method: RpcMethod) -> (&'static str, &'static str) {
        (method.service, method.method)
    }

    #[test]
    fn a_method_is_known_by_an_answer_that_only_its_own_code_gives() {
        for code in RpcCode::ALL {
            let methods = Methods::default();
            methods.learn("/shop.Orders/Place", Some(code), NOTHING);
            let is_known = methods.look("/shop.Orders/Place").route.is_some();
            let by_its_own_code = [
                "OK",
                "INVALID_ARGUMENT",
                "NOT_FOUND",
                "ALREADY_EXISTS",
                "FAILED_PRECONDITION",
                "ABORTED",
                "OUT_OF_RANGE",
                "DATA_LOSS",
            ];
            assert_eq!(is_known, by_its_own_code.contains(&code.as_str()), "{}", code.as_str());
        }
        let methods = Methods::default();
        methods.learn("/shop.Orders/Watch", Some(RpcCode::Unavailable), ONE);
        assert_eq!(names(methods.look("/shop.Orders/Watch")), ("shop.Orders", "Watch"));
        methods.learn("/shop.Orders/Other", None, NOTHING);
        assert_eq!(names(methods.look("/shop.Orders/Other")), ("shop.Orders", "_OTHER"));
        assert_eq!(names(methods.look("/shop.Basket/Other")), ("_OTHER", "_OTHER"));
    }

    #[test]
    fn a_prefix_of_a_gateway_makes_no_other_method() {
        let methods = Methods::default().and(["shop.Basket/Fill"].map(String::from));
        let place = methods.learn("/api/shop.Orders/Place", Some(RpcCode::Ok), ONE);
        assert_eq!((place.full, place.service), ("shop.Orders/Place", "shop.Orders"));
        assert_eq!(methods.look("/shop.Orders/Place"), place);
        assert_eq!(names(methods.look("/v2/shop.Basket/Fill")), ("shop.Basket", "Fill"));
    }

    #[test]
    fn a_method_that_is_known_stays_so_whatever_it_answers() {
        let methods = Methods::default();
        methods.learn("/shop.Orders/Place", Some(RpcCode::Ok), ONE);
        let place = methods.learn("/shop.Orders/Place", Some(RpcCode::Unimplemented), NOTHING);
        assert_eq!(names(place), ("shop.Orders", "Place"));
    }

    #[test]
    fn named_methods_are_known_before_anybody_calls_them_and_take_nobodys_room() {
        let methods =
            Methods::default().and(["shop.Orders/Place", "shop.Basket", "", "a/b/c"].map(String::from));
        assert_eq!(names(methods.look("/shop.Orders/Place")), ("shop.Orders", "Place"));
        assert_eq!(names(methods.look("/shop.Orders/Scan")), ("shop.Orders", "_OTHER"));
        assert_eq!(names(methods.look("/shop.Basket/Scan")), ("shop.Basket", "_OTHER"));
        assert_eq!(names(methods.look("/other.Service/Scan")), ("_OTHER", "_OTHER"));
        // Something in front answers everything well.
        for number in 0..LEARNED + 10 {
            methods.learn(&format!("/scan.Service/M{number}"), Some(RpcCode::Ok), ONE);
        }
        assert_eq!(names(methods.look("/scan.Service/M0")), ("scan.Service", "M0"));
        let late = methods.learn("/scan.Service/Late", Some(RpcCode::Ok), ONE);
        assert_eq!(names(late), ("scan.Service", "_OTHER"));
        assert_eq!(names(methods.look("/shop.Orders/Place")), ("shop.Orders", "Place"));
    }
}
