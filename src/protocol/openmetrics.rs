//! Metrics of the loops in the text format of `OpenMetrics` 1.0
//! (<https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>): gauges over a span of days, since nothing is
//! counted for ever.

use crate::domain::LoopMetrics;
use crate::safe;
use crate::text::SafeText;

/// The lines, the end mark included.
pub fn lines(metrics: &LoopMetrics) -> Vec<SafeText> {
    let total = &metrics.total;
    let mut lines = Vec::new();
    family(&mut lines, "dogwatch_runs_ended", "Runs that ended in the days that are counted.");
    for (state, count) in [("succeeded", total.succeeded), ("failed", total.failed), ("cancelled", total.cancelled)] {
        lines.push(safe!("dogwatch_runs_ended{{state=\"{}\"}} {}", state, count));
    }
    let single = [
        ("dogwatch_runs_autonomous", "Runs that succeeded without a person.", total.alone),
        ("dogwatch_runs_stuck", "Runs that were stuck at least once.", total.stuck),
        ("dogwatch_success_iterations", "Iterations of the runs that succeeded, together.", total.iterations),
        ("dogwatch_tokens", "Tokens that were spent.", total.tokens),
        ("dogwatch_cost_microusd", "Millionths of a US dollar that were spent.", total.microusd),
    ];
    for (name, help, value) in single {
        family(&mut lines, name, help);
        lines.push(safe!("{} {}", name, value));
    }
    if let Some((middle, most)) = metrics.to_green {
        family(&mut lines, "dogwatch_success_milliseconds", "Milliseconds from the first step to success.");
        for (quantile, value) in [("0.5", middle), ("0.95", most)] {
            lines.push(safe!("dogwatch_success_milliseconds{{quantile=\"{}\"}} {}", quantile, value));
        }
    }
    let labelled = [
        ("dogwatch_interventions", "What people did for runs.", "kind", &metrics.interventions),
        ("dogwatch_repairs_quoted", "Repairs quoted from memory.", "outcome", &metrics.memory),
    ];
    for (name, help, label, counts) in labelled {
        family(&mut lines, name, help);
        for (kind, count) in counts {
            lines.push(safe!("{}{{{}=\"{}\"}} {}", name, label, label_value(kind), *count));
        }
    }
    lines.push(safe!("# EOF"));
    lines
}

/// The value of a label: letters, digits and what stands between words, so that nothing has to be escaped.
fn label_value(value: &str) -> String {
    value.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ') { c } else { '_' }).collect()
}

fn family(lines: &mut Vec<SafeText>, name: &str, help: &str) {
    lines.push(safe!("# TYPE {} gauge", name));
    lines.push(safe!("# HELP {} {}", name, help));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_collectors_read() {
        let mut metrics = LoopMetrics { to_green: Some((5, 9)), ..LoopMetrics::default() };
        metrics.total.succeeded = 3;
        metrics.interventions.insert("review".to_owned(), 2);
        let text: Vec<String> = lines(&metrics).iter().map(SafeText::plain).collect();
        insta::assert_snapshot!(text.join("\n"));
        metrics.interventions.insert("a\"b\\c\n".to_owned(), 1);
        let text: Vec<String> = lines(&metrics).iter().map(SafeText::plain).collect();
        assert!(text.contains(&"dogwatch_interventions{kind=\"a_b_c_\"} 1".to_owned()), "{text:?}");
    }
}
