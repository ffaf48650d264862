//! Which lines go where, from what was chosen to what the engine of logs takes, and what is wrong with it.

use obs_logs::{Match, Route, RouteFault, check_routes};

use crate::config::{LogMatch, LogRoute, Logs as Choices, Mistake};

/// The routes; levels that are none have been told as mistakes.
pub(super) fn all(chosen: &[LogRoute]) -> Vec<Route> {
    chosen.iter().map(|route| Route::new(condition(&route.when), &route.outputs)).collect()
}

fn condition(when: &LogMatch) -> Match {
    match when {
        LogMatch::All(parts) => Match::all(parts.iter().map(condition)),
        LogMatch::Any(parts) => Match::any(parts.iter().map(condition)),
        LogMatch::Not(part) => Match::not(condition(part)),
        LogMatch::Level(text) => text.parse().map_or_else(|_| Match::any([]), Match::level),
        LogMatch::Env(name) => Match::env(name),
        LogMatch::Module(segments) => Match::module(segments),
        LogMatch::Target(glob) => Match::target(glob),
        LogMatch::Field(name, value) => Match::field(name, value),
    }
}

/// What is wrong with the routes, each by its place.
pub(super) fn mistakes(choices: &Choices) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut wrong = Vec::new();
    for (at, route) in choices.routes.iter().enumerate() {
        let mut number = 0;
        route.when.levels(&mut |text| {
            if let Err(error) = text.parse::<obs_logs::Levels>() {
                // By its number among those of the route; the file knows where that stands.
                let path = format!("logs.routes[{at}].match.{number}");
                mistakes.push(Mistake::new(&path, format!("`{}` is wrong: {error}", text.escape_debug())));
                wrong.push(at);
            }
            number += 1;
        });
    }
    let names: Vec<_> = choices.outputs.iter().map(|output| output.name.as_str()).collect();
    if names.is_empty() {
        // Said of the routes as a whole.
        return mistakes;
    }
    let routes = all(&choices.routes);
    // What follows from a level that is none is no mistake of its own.
    let errors = check_routes(&routes, &names).into_iter().filter(|error| match error.fault {
        RouteFault::UnknownOutput(_) => true,
        RouteFault::Hidden(Some(by)) => !wrong.contains(&error.route) && !wrong.contains(&by),
        _ => !wrong.contains(&error.route),
    });
    mistakes.extend(errors.map(|error| {
        let path = format!("logs.routes[{}]", error.route);
        match &error.fault {
            RouteFault::UnknownOutput(name) => {
                let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let what = format!(
                    "there is no output `{}` in `logs.outputs`, which has {known}",
                    name.escape_debug()
                );
                Mistake::new(&path, what)
            }
            _ => Mistake::new(&path, &error),
        }
    }));
    mistakes
}
