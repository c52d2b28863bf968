package configtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/minicf/minicf/config"
)

// natsLike is what nats.yml says.
type natsLike struct {
	Host    string
	Port    int
	PID     string
	Logging config.Logging
	Records string

	MaxRecords config.Size `yaml:"max_records"`
}

func natsDefaults() natsLike {
	return natsLike{
		Host: "127.0.0.1", Port: 4222, PID: "nats/nats.pid", Logging: config.Logging{Level: "info"},
		Records: "nats/records", MaxRecords: 256 << 20,
	}
}

func TestAgreementIsFine(t *testing.T) {
	t.Parallel()
	CheckShipped(t, "nats", natsDefaults())
}

// recorder is a test that remembers its failures.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Errorf(f string, a ...any) { r.failures = append(r.failures, fmt.Sprintf(f, a...)) }
func (r *recorder) Fatalf(f string, a ...any) { r.Errorf(f, a...); panic("fatal") }

// failures returns what CheckShipped finds.
func failures[T any](component string, want T) string {
	r := &recorder{}
	func() {
		defer func() { _ = recover() }()
		CheckShipped(r, component, want)
	}()
	return strings.Join(r.failures, "\n")
}

func TestDisagreementIsFound(t *testing.T) {
	t.Parallel()
	other := natsDefaults()
	other.Port = 4223
	if got := failures("nats", other); !strings.Contains(got, "differ") || !strings.Contains(got, "4223") {
		t.Errorf("failures = %q, want the port that differs", got)
	}

	type fewer struct{ Host string }
	if got := failures("nats", fewer{"127.0.0.1"}); !strings.Contains(got, `unknown key "port"`) {
		t.Errorf("failures = %q, want the key without a field", got)
	}

	type more struct {
		Host       string
		Port       int
		PID        string
		Logging    config.Logging
		Records    string
		MaxRecords config.Size `yaml:"max_records"`
		Cluster    string
	}
	d := natsDefaults()
	if got := failures("nats", more{d.Host, d.Port, d.PID, d.Logging, d.Records, d.MaxRecords, ""}); got != "config/nats.yml does not mention cluster, not even in a comment" {
		t.Errorf("failures = %q, want the key that the file does not mention", got)
	}

	if got := failures("nats", noSyslog{}); !strings.Contains(got, "an example in a comment") || !strings.Contains(got, `unknown key "syslog"`) {
		t.Errorf("failures = %q, want the example that would not load", got)
	}
}

// noSyslog lacks a key that nats.yml has only in a comment.
type noSyslog struct {
	Host    string
	Port    int
	PID     string
	Logging struct{ Level, File string }
	Records string

	MaxRecords config.Size `yaml:"max_records"`
}
