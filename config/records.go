package config

import (
	"errors"
	"fmt"

	"github.com/minicf/minicf/internal/vcaplog"
)

// Logging is the `logging` record of every component of 2012.
type Logging struct {
	Level  string `yaml:"level"`  // off fatal error warn info debug debug1 debug2
	File   string `yaml:"file"`   // append here instead of writing to the terminal
	Syslog string `yaml:"syslog"` // the program's name there; accepted, minicf has no syslog
}

// Validate checks the level. The error's key starts with "logging.".
func (l Logging) Validate() error {
	if _, err := vcaplog.ParseLevel(l.Level); err != nil {
		return Invalid("logging.level", "%w", err)
	}
	return nil
}

// Status is the `status` record: where a component answers /varz and /healthz, and to whom.
type Status struct {
	Port     int    `yaml:"port"` // 0 is any free port, -1 means no such server
	User     string `yaml:"user"` // made up at each start when empty, as is the password
	Password string `yaml:"password"`
}

// Validate checks the port, -1 included, and that there is a password for a user. The error's key starts with "status.".
func (s Status) Validate() error {
	if s.Port == noServer {
		return nil
	}
	if s.User != "" && s.Password == "" {
		return Invalid("status.password", "is empty though status.user is set")
	}
	return Port("status.port", s.Port)
}

// noServer as a Status.Port is bus.NoStatusPort, which this package does not import.
const noServer = -1

// Port returns an error about the key when n is no TCP port; 0, any free port, is one.
func Port(key string, n int) error {
	if n < 0 || n > 65535 {
		return Invalid(key, "want a port from 1 to 65535, or 0 for any free one, not %d", n)
	}
	return nil
}

// InvalidError says what is wrong with the value of one key. Validate methods return it, and Load then shows the line
// that the value came from.
type InvalidError struct {
	key string
	err error
}

// Invalid returns an InvalidError about a dotted key (`intervals.heartbeat`), with a text as fmt.Errorf makes it.
func Invalid(key, format string, args ...any) error {
	return &InvalidError{key: key, err: fmt.Errorf(format, args...)}
}

// Error returns the key and what is wrong with it.
func (e *InvalidError) Error() string { return e.key + ": " + e.err.Error() }

// Key returns the dotted key.
func (e *InvalidError) Key() string { return e.key }

// Unwrap returns what is wrong, without the key.
func (e *InvalidError) Unwrap() error { return e.err }

var _ error = (*InvalidError)(nil)

// keyed is the ability of an error to name a key; errors of components may have it without using InvalidError.
type keyed interface {
	error
	Key() string
}

// keyOf returns the key that an error is about, "" when it names none.
func keyOf(err error) string {
	k, ok := errors.AsType[keyed](err)
	if !ok {
		return ""
	}
	return k.Key()
}
