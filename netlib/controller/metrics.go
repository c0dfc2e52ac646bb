package controller

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what the controller tells Prometheus.
type metrics struct {
	registry *prometheus.Registry
	stored   prometheus.Histogram // seconds
	compiled prometheus.Histogram // seconds
}

func newMetrics(c *Controller) *metrics {
	times := prometheus.ExponentialBuckets(0.0005, 2, 16) // 0.5 ms to 16 s
	m := &metrics{
		registry: prometheus.NewRegistry(),
		stored:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: "fabricbook_store_seconds", Help: "Time to store a change.", Buckets: times}),
		compiled: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "fabricbook_compile_seconds", Help: "Time to compile a change.", Buckets: times}),
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	m.registry.MustRegister(
		m.stored, m.compiled,
		gauge("fabricbook_revision", "Revision of the intent.", func() float64 {
			if now := c.current.Load(); now != nil {
				return float64(now.Fabric().Revision)
			}
			return 0
		}),
		gauge("fabricbook_revision_in_force", "Newest revision that every node has acknowledged.", func() float64 { return float64(c.board.inForce()) }),
		gauge("fabricbook_nodes_up", "Nodes and simulated gateways whose agent was heard of lately.", func() float64 { return float64(c.board.up()) }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
