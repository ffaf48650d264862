//! Which traces are recorded, by the head and by the tail.

use obs_trace::sampler::Rule;
use obs_trace::{Sampler, SamplerError, Tail, Tracer};

use crate::config::{Mistake, SamplerChoice, TraceRoute, TraceTail, Traces};

/// What is wrong with shares and routes.
pub(super) fn mistakes(choices: &Traces) -> Vec<Mistake> {
    let head = share(choices).err().map(|error| Mistake::new("traces.ratio", error));
    let tail = tail(&choices.tail).err().map(|error| Mistake::new("traces.tail.ratio", error));
    let routes = choices.routes.iter().enumerate().filter_map(|(at, route)| {
        let error = rule(route).err()?;
        let key = if error == SamplerError::BadRatio { "ratio" } else { "route" };
        Some(Mistake::new(&format!("traces.routes[{at}].{key}"), error))
    });
    let many = rules(choices).err().filter(|error| *error == SamplerError::TooManyRules);
    let many = many.map(|error| Mistake::new("traces.routes", error));
    head.into_iter().chain(tail).chain(routes).chain(many).collect()
}

/// Changes what can be changed while the service runs. What is wrong has been told as a mistake, and nothing is taken up with
/// one.
pub(super) fn take_up(tracer: &Tracer, choices: &Traces) {
    if let Ok(rules) = rules(choices) {
        let _ = tracer.set_sampling(choices.sampler.ratio(), choices.per_second, rules);
    }
    if let Ok(tail) = tail(&choices.tail) {
        tracer.set_tail(&tail);
    }
}

pub(super) fn tail(choices: &TraceTail) -> Result<Tail, SamplerError> {
    let TraceTail { keep_errors, slow, slow_p99, ratio, trace_bytes, process_bytes, wait } = choices;
    let tail =
        Tail::new().trace_bytes(*trace_bytes).process_bytes(*process_bytes).wait(*wait).ratio(*ratio)?;
    let tail = if *keep_errors { tail.errors() } else { tail };
    let tail = if *slow_p99 { tail.slow_p99() } else { tail };
    Ok(match slow {
        Some(slow) => tail.slow(*slow),
        None => tail,
    })
}

pub(super) fn sampler(choices: &Traces) -> Result<Sampler, SamplerError> {
    let sampler = share(choices)?.rules(rules(choices)?)?;
    Ok(match choices.per_second {
        Some(traces) => sampler.per_second(traces),
        None => sampler,
    })
}

fn rules(choices: &Traces) -> Result<Vec<Rule>, SamplerError> {
    if choices.routes.len() > Rule::MOST {
        return Err(SamplerError::TooManyRules);
    }
    choices.routes.iter().map(rule).collect()
}

fn rule(route: &TraceRoute) -> Result<Rule, SamplerError> {
    let rule = Rule::new(&route.route, route.ratio)?;
    Ok(match route.per_second {
        Some(traces) => rule.per_second(traces),
        None => rule,
    })
}

/// The share, before anything is held against routes and limits.
fn share(choices: &Traces) -> Result<Sampler, SamplerError> {
    Ok(match choices.sampler {
        SamplerChoice::AlwaysOn => Sampler::always_on(),
        SamplerChoice::AlwaysOff => Sampler::always_off(),
        SamplerChoice::Ratio(share) => Sampler::ratio(share)?,
        SamplerChoice::ParentBased(share) => {
            Sampler::ratio(share)?.parent_based().caller_limit(choices.forced_per_second)
        }
    })
}
