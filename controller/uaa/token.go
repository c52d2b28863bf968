package uaa

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Claims are what a token says, as the UAA names it. The cf command reads exp, user_name, user_id, origin and jti.
type Claims struct {
	ID       string   `json:"jti"`
	Subject  string   `json:"sub"`
	UserID   string   `json:"user_id,omitempty"`
	UserName string   `json:"user_name,omitempty"`
	Origin   string   `json:"origin,omitempty"`
	ClientID string   `json:"client_id"`
	Grant    string   `json:"grant_type"`
	Scope    []string `json:"scope"`
	Issued   int64    `json:"iat"`               // epoch seconds
	Expires  int64    `json:"exp"`               // epoch seconds
	Refresh  bool     `json:"refresh,omitempty"` // good for a new token, and for nothing else
}

// jwtHeader is the only header of a token that is made or accepted. RFC 7515 lets a token choose its algorithm, "none" included; here it
// has no choice.
type jwtHeader struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ"`
}

// What is wrong with a token.
var (
	errMalformed = errors.New("it is no signed token")
	errForged    = errors.New("its signature is not ours")
	errExpired   = errors.New("it has expired")
)

// maxToken is how long a token may be, in bytes.
const maxToken = 8 << 10

// sign makes a JSON Web Token with HMAC-SHA256 (RFC 7515, HS256).
func sign(key []byte, c Claims) (string, error) {
	header, err := json.Marshal(jwtHeader{"HS256", "JWT"})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	signed := encode(header) + "." + encode(claims)
	return signed + "." + encode(mac(key, signed)), nil
}

// verify returns what a token says, if it is one of ours that is still good.
func verify(key []byte, token string, now time.Time) (Claims, error) {
	var c Claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxToken {
		return c, errMalformed
	}
	var h jwtHeader
	if err := decode(parts[0], &h); err != nil || h.Algorithm != "HS256" {
		return c, errMalformed
	}
	given, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(given, mac(key, parts[0]+"."+parts[1])) {
		return c, errForged
	}
	if err := decode(parts[1], &c); err != nil {
		return c, errMalformed
	}
	if now.Unix() >= c.Expires {
		return c, errExpired
	}
	return c, nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(text string, into any) error {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}
