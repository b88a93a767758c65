//! Families of metrics whose handles are made once and kept.

use std::marker::PhantomData;

use prometheus::{
    Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    core::Collector,
};

use super::label::Label;

/// Registers metrics. All names get the prefix `keystrata_`.
#[derive(Debug, Default)]
pub(super) struct Registrar(pub(super) Registry);

impl Registrar {
    #[expect(clippy::expect_used, reason = "names are constants; a test registers all of them")]
    fn register<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        let metric = made.expect("the metric's name and labels are well formed");
        self.0.register(Box::new(metric.clone())).expect("the metric's name is used once");
        metric
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::with_opts(opts(name, help)))
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::with_opts(opts(name, help)))
    }

    pub(super) fn time(&self, name: &str, help: &str) -> Gauge {
        self.register(Gauge::with_opts(opts(name, help)))
    }

    pub(super) fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        self.register(Histogram::with_opts(histogram_opts(name, help, buckets)))
    }

    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.register(IntCounterVec::new(opts(name, help), labels))
    }

    pub(super) fn gauges(&self, name: &str, help: &str, label: &str) -> prometheus::GaugeVec {
        self.register(prometheus::GaugeVec::new(opts(name, help), &[label]))
    }

    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        label: &str,
        buckets: &[f64],
    ) -> prometheus::HistogramVec {
        let opts = histogram_opts(name, help, buckets);
        self.register(prometheus::HistogramVec::new(opts, &[label]))
    }

    /// One counter per value of `L`, all of them shown from the start.
    pub(super) fn by<L: Label>(&self, name: &str, help: &str) -> Counters<L> {
        let family = self.counters(name, help, &[L::NAME]);
        let each = L::ALL.iter().map(|(_, text)| family.with_label_values(&[*text])).collect();
        Counters { each, label: PhantomData }
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("keystrata")
}

fn histogram_opts(name: &str, help: &str, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::new(name, help).namespace("keystrata").buckets(buckets.to_vec())
}

/// One counter per value of a label.
#[derive(Debug)]
pub(super) struct Counters<L> {
    each: Vec<IntCounter>,
    label: PhantomData<L>,
}

impl<L: Label> Counters<L> {
    pub(super) fn add_one(&self, label: L) {
        if let Some(counter) = self.each.get(label.into()) {
            counter.inc();
        }
    }
}
