package config

import (
	"regexp"
	"slices"
	"strings"
)

// Value is one key of a configuration with what it is set to and by whom.
type Value struct {
	Key    string // dotted: intervals.heartbeat
	Value  string // as a file has it; empty for an optional key that is not set
	Origin Origin

	data any
}

// Data returns the value without its secrets, as a program wants it: a number for a port, seconds for a time span, a map
// for a record, nil for an optional key that is not set.
func (v Value) Data() any {
	if isSecret(v.Key) && v.Value != "" {
		return mask
	}
	return v.data
}

// Origin is where a value came from.
type Origin struct {
	// Source reads "default", "file config/dea.yml:12", "env MINICF_DEA_MAX_MEMORY" or "flag --max-memory".
	Source string
}

// String returns the source.
func (o Origin) String() string { return o.Source }

// mask stands where a secret was.
const mask = "***"

// Masked returns the value without its secrets, for people and logs: passwords and tokens as ***, and those in URLs too
// (`nats://user:***@host`).
func (v Value) Masked() string {
	if isSecret(v.Key) && v.Value != "" {
		return mask
	}
	return maskURLs(v.Value)
}

// isSecret reports whether a key's value is for nobody's eyes.
func isSecret(key string) bool {
	last := key[strings.LastIndexByte(key, '.')+1:]
	return slices.Contains([]string{"password", "pass", "token", "secret"}, last)
}

var userinfo = regexp.MustCompile(`://[^\s,]*@`)

// maskURLs hides what stands before the @ of URLs, except a user's name. A name alone is NATS's way to give a token.
func maskURLs(s string) string {
	return userinfo.ReplaceAllStringFunc(s, func(m string) string {
		user, _, hasPassword := strings.Cut(strings.TrimPrefix(m, "://"), ":")
		if !hasPassword {
			return "://" + mask + "@"
		}
		return "://" + user + ":" + mask + "@"
	})
}
