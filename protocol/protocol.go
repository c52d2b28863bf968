// Package protocol is what travels on the message bus of Cloud Foundry v1: every subject, every payload, byte for byte as the
// components of 2012 wrote them.
//
// Nothing here sends or receives; that is package bus. A subject and its payload are declared together, so they cannot
// disagree:
//
//	bus.Subscribe(b, protocol.DEAHeartbeat, func(h protocol.Heartbeat) { … })
//
// Reading order: staging.go (an app becomes a droplet), discover.go and start.go (a droplet becomes an instance),
// heartbeat.go and exited.go (the instance lives and dies), router.go (the world finds it), component.go (everybody
// introduces themselves). Catalog lists all of it.
//
// In 2012 none of this was written down in one place: each component had its own hashes and string keys.
package protocol

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Subject names a one-way message whose payload is a T.
type Subject[T any] string

// String returns the subject as NATS knows it.
func (s Subject[T]) String() string { return string(s) }

// Call names a request whose payload is a Req and whose answers, zero or more, are each a Rep.
type Call[Req, Rep any] string

// String returns the subject as NATS knows it.
func (c Call[Req, Rep]) String() string { return string(c) }

// Ignored is the payload of messages whose content nobody reads: it may be empty, garbage or anything else.
type Ignored struct{}

// Validator is implemented by payloads that can tell a message they cannot use from one they can. The bus drops what
// does not validate, as it drops what does not decode.
type Validator interface {
	Validate() error
}

// Decode reads a payload into a T and validates it. An empty payload is a zero T (the originals' parser yielded nil), an Ignored
// is never looked at, and a T that reads itself from bytes, as ActiveApps does, is no JSON.
func Decode[T any](payload []byte) (T, error) {
	var v T
	if _, ok := any(v).(Ignored); ok {
		return v, nil
	}
	if len(payload) > 0 {
		if err := unmarshal(payload, &v); err != nil {
			return v, err
		}
	}
	if c, ok := any(v).(Validator); ok {
		return v, c.Validate()
	}
	return v, nil
}

func unmarshal(payload []byte, into any) error {
	if own, ok := into.(encoding.BinaryUnmarshaler); ok {
		return own.UnmarshalBinary(payload)
	}
	return json.Unmarshal(payload, into)
}

// ID identifies an app. The cloud controller of 2012 sent an integer where the tutorial sent a string ("droplet" on the
// wire); the DEA answered with a string. So do we: both are read, a string is written.
type ID string

// UnmarshalJSON accepts a string or an integer.
func (id *ID) UnmarshalJSON(b []byte) error {
	var s Text
	if err := s.UnmarshalJSON(b); err != nil {
		return err
	}
	*id = ID(s)
	return nil
}

// Text is a string that may arrive as a JSON number or boolean, as versions do (1.9). Null is the empty string.
type Text string

// UnmarshalJSON accepts a string, number, boolean or null.
func (t *Text) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) == 0:
		return errors.New("empty value")
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = Text(s)
	case string(b) == "null":
		*t = ""
	case b[0] == '{' || b[0] == '[':
		return fmt.Errorf("want a string or a number, got %s", kindOf(b))
	default:
		*t = Text(b)
	}
	return nil
}

// Int is an integer that may arrive as an integral float (256.0), which the Ruby components refused.
type Int int

// UnmarshalJSON accepts 256 and 256.0, and leaves the value alone on null.
func (i *Int) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	n, err := integer(json.Number(b))
	if err != nil {
		return err
	}
	*i = Int(n)
	return nil
}

// Truth is what Ruby took for true: everything but false and null. The DEA looked at some flags, and past others, without
// ever asking for their type.
type Truth bool

// UnmarshalJSON accepts anything.
func (t *Truth) UnmarshalJSON(b []byte) error {
	*t = string(b) != "false" && string(b) != "null"
	return nil
}

// Vars is an object of variables. Values may be strings, numbers, booleans or null; null is an empty value, as the DEA
// wrote "K=" for it.
type Vars map[string]Text

func kindOf(b []byte) string {
	switch b[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	default:
		return "a value"
	}
}

// token reports whether s can be part of a subject: no dots, blanks or wildcards.
func token(s string) bool {
	return s != "" && !strings.ContainsAny(s, ". \t\r\n*>")
}
