package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/url"
	"regexp"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/minicf/minicf/protocol"
)

// decode is protocol.Decode whose error names what is wrong in words that its reader knows.
func decode[T any](payload []byte) (T, error) {
	v, err := protocol.Decode[T](payload)
	return v, protocol.Explain[T](payload, err)
}

// drop notes a message that cannot be used. What it says is somebody's data, perhaps a secret: it is logged by length and
// hash, its text only at debug and masked.
func (b *Bus) drop(m *nats.Msg, err error) {
	b.dropped.Add(1)
	sum := sha256.Sum256(m.Data)
	silent, log := b.repeats.note(m.Subject, sum)
	if !log {
		return
	}
	said := b.log
	if silent > 0 {
		said = said.With("not_logged_before", silent)
	}
	said.Warn("message dropped", "subject", m.Subject, "length", len(m.Data), "sha256", hex.EncodeToString(sum[:6]), "error", shortened(err))
	if b.log.Enabled(context.Background(), slog.LevelDebug) {
		b.log.Debug("dropped message was", "subject", m.Subject, "payload", string(Mask(m.Data)))
	}
}

// mostOfError is how much of an error is logged, in bytes: it may quote a key of the message, of any length.
const mostOfError = 512

func shortened(err error) string {
	text := err.Error()
	if len(text) > mostOfError {
		return strings.ToValidUTF8(text[:mostOfError], "") + "…"
	}
	return text
}

// masked stands for a secret.
const masked = "***"

// secretKey recognises the keys whose values nobody should see on a projector.
func secretKey(key string) bool {
	k := strings.ToLower(key)
	for _, s := range []string{"password", "passwd", "secret", "token", "credentials", "private_key", "api_key", "apikey"} {
		if strings.Contains(k, s) {
			return true
		}
	}
	for _, s := range []string{"pass", "pwd", "pw"} {
		if k == s || strings.HasSuffix(k, "_"+s) {
			return true
		}
	}
	return false
}

// Mask returns a payload with the secrets in it hidden: values of telling keys, "K=V" settings of telling names, and passwords in
// URLs. What is not JSON has only the last two hidden. Key order is kept for what needs no masking at all.
func Mask(payload []byte) []byte {
	var v any
	if json.Unmarshal(payload, &v) != nil {
		return []byte(maskText(string(payload)))
	}
	m, changed := maskValue(v)
	if !changed {
		return payload
	}
	out, err := marshal(m)
	if err != nil {
		return []byte(masked)
	}
	return out
}

func maskValue(v any) (any, bool) {
	changed := false
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if secretKey(k) && inner != nil {
				v[k], changed = masked, true
				continue
			}
			m, c := maskValue(inner)
			v[k], changed = m, changed || c
		}
	case []any:
		for i, inner := range v {
			m, c := maskValue(inner)
			v[i], changed = m, changed || c
		}
	case string:
		s := maskText(v)
		return s, s != v
	}
	return v, changed
}

func maskText(s string) string {
	if name, _, ok := strings.Cut(s, "="); ok && secretKey(name) && !strings.ContainsAny(name, " \n{") {
		return name + "=" + masked
	}
	if !strings.Contains(s, "://") {
		return s
	}
	return userinfo.ReplaceAllString(s, "${1}"+masked+"@")
}

// userinfo matches "scheme://user:" and the password and @ behind it; a password may hold an @ itself.
var userinfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:)[^/\s]*@`)

// RedactURL hides the password in a URL or in a list of them separated by commas. A name alone is NATS's way to give a token, and
// hidden too.
func RedactURL(raw string) string {
	all := strings.Split(raw, ",")
	for i, one := range all {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil || u.User == nil {
			continue
		}
		if _, hasPassword := u.User.Password(); !hasPassword {
			u.User = url.User("xxxxx")
		}
		all[i] = u.Redacted()
	}
	return strings.Join(all, ",")
}
