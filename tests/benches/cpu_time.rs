//! Lets criterion measure CPU time; has no benchmark.

use criterion::Throughput;
use criterion::measurement::{Measurement, ValueFormatter};

use crate::cpu::cpu_ns;

/// Makes criterion measure CPU time instead of wall time.
pub(crate) struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = f64;
    type Value = f64;

    fn start(&self) -> f64 {
        cpu_ns()
    }

    fn end(&self, started: f64) -> f64 {
        cpu_ns() - started
    }

    fn add(&self, a: &f64, b: &f64) -> f64 {
        a + b
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &Microseconds
    }
}

struct Microseconds;

impl ValueFormatter for Microseconds {
    fn scale_values(&self, _typical: f64, values: &mut [f64]) -> &'static str {
        for value in values {
            *value /= 1e3;
        }
        "us CPU"
    }

    fn scale_throughputs(
        &self,
        _typical: f64,
        throughput: &Throughput,
        values: &mut [f64],
    ) -> &'static str {
        let (Throughput::Elements(items) | Throughput::Bytes(items)) = throughput else {
            return "";
        };
        #[expect(clippy::cast_precision_loss, reason = "a rate is shown rounded")]
        for value in values {
            *value = *items as f64 * 1e9 / *value;
        }
        "per CPU-s"
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "ns CPU"
    }
}
