package sandbox

import (
	"context"
	"errors"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/pidfile"
)

// NATSConfig are the keys of nats.yml. The bus has no package of its own to own them: it is a library that is started.
type NATSConfig struct {
	Host    string         `yaml:"host"`
	Port    int            `yaml:"port"` // 0 is any free port
	PID     string         `yaml:"pid"`  // "" is none
	Logging config.Logging `yaml:"logging"`

	Records    string      `yaml:"records"`     // directory of what the controller wants kept; "" is none
	MaxRecords config.Size `yaml:"max_records"` // of all records together
}

// DefaultNATS is what the shipped nats.yml says.
func DefaultNATS() NATSConfig {
	return NATSConfig{
		Host: "127.0.0.1", Port: 4222, PID: "nats/nats.pid", Logging: config.Logging{Level: "info"},
		Records: "nats/records", MaxRecords: 256 << 20,
	}
}

// Validate names the key that makes no sense.
func (c NATSConfig) Validate() error {
	if c.MaxRecords <= 0 {
		return config.Invalid("max_records", "want more than 0 bytes")
	}
	return errors.Join(config.Port("port", c.Port), c.Logging.Validate())
}

// natsServer is the embedded bus with its pid file.
type natsServer struct {
	*bus.Server
	pid string
}

// Run serves while it holds the pid file.
func (s natsServer) Run(ctx context.Context, ready func()) (err error) {
	if s.pid != "" {
		f, err := pidfile.Create(s.pid)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Remove()) }()
	}
	return s.Server.Run(ctx, ready)
}
