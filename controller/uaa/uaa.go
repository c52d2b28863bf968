// Package uaa says who somebody is: it is what the cf command logs in at.
//
// In goes a name and a password, or a refresh token, or the id and secret of a program; out comes a signed token that is good for twelve hours, and
// that [UAA.Check] reads again. Who may log in stands in config/users.yml. Nothing is kept: a token is good if its signature is, and if
// its owner still stands in that file.
//
// In Cloud Foundry this is the User Account and Authentication server, a large Java program; in 2012 it had just come. Here are the two requests of it
// that the cf command makes: GET /login and POST /oauth/token.
package uaa

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"time"

	"github.com/minicf/minicf/bus"
)

const (
	// accessLifetime is so long because the cf command asks for a new token before each request that a token in its last minute would go with.
	accessLifetime = 12 * time.Hour
	// refreshLifetime is how long nobody needs to log in again.
	refreshLifetime = 30 * 24 * time.Hour
	// cliClient is what the cf command calls itself; it has no secret.
	cliClient = "cf"
	// origin is where users come from: the UAA itself.
	origin = "uaa"
)

// UAA gives out tokens and checks them.
type UAA struct {
	cfg     Config
	keyFile string
	key     atomic.Pointer[[]byte]
}

// New returns a UAA that has no key yet: see Open.
func New(cfg Config, keyFile string) (*UAA, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &UAA{cfg: cfg, keyFile: keyFile}, nil
}

// Open reads the key that tokens are signed with, or makes it up.
func (u *UAA) Open() error {
	key, err := openKey(u.keyFile)
	if err == nil {
		u.key.Store(&key)
	}
	return err
}

// WellKnown is the name of somebody who has the password that everybody knows; "" when there is none.
func (u *UAA) WellKnown() string { return u.cfg.WellKnown() }

// Identity is who makes a request.
type Identity struct {
	ID   string // a GUID of a user, else the id of a program
	Name string
	Type string // "user" or "client", as in audit events
}

// errBadCredentials is the UAA's answer to a wrong name, a wrong password and a wrong secret alike.
var errBadCredentials = errors.New("Bad credentials") //nolint:staticcheck // it is the UAA's word

// Check says whose token it is. The error is why it is no good.
func (u *UAA) Check(token string) (Identity, error) {
	c, err := u.verify(token)
	if err != nil {
		return Identity{}, err
	}
	if c.Refresh {
		return Identity{}, errors.New("it is a refresh token")
	}
	return u.owner(c)
}

// owner is who a token is of, if that is still somebody.
func (u *UAA) owner(c Claims) (Identity, error) {
	for _, known := range u.cfg.Users {
		if c.UserName != "" && known.Name == c.UserName {
			return identityOf(known), nil
		}
	}
	for _, known := range u.cfg.Clients {
		if c.UserName == "" && known.ID == c.ClientID {
			return Identity{ID: known.ID, Name: known.ID, Type: "client"}, nil
		}
	}
	return Identity{}, errors.New("its owner is not known any more")
}

func (u *UAA) verify(token string) (Claims, error) {
	key := u.key.Load()
	if key == nil {
		return Claims{}, errors.New("there is no key yet")
	}
	return verify(*key, token, time.Now())
}

// identityOf gives a user an id that stays the same as long as the name does.
func identityOf(user User) Identity {
	sum := sha256.Sum256([]byte("user " + user.Name))
	h := hex.EncodeToString(sum[:])
	return Identity{ID: h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32], Name: user.Name, Type: "user"}
}

// login checks a name and a password.
func (u *UAA) login(name, password string) (Claims, error) {
	for _, user := range u.cfg.Users {
		if same(user.Name, name) && same(user.Password, password) {
			return userClaims(user), nil
		}
	}
	return Claims{}, errBadCredentials
}

// loginClient checks the id and the secret of a program.
func (u *UAA) loginClient(id, secret string) (Claims, error) {
	for _, p := range u.cfg.Clients {
		if same(p.ID, id) && same(p.Secret, secret) {
			return Claims{Subject: p.ID, ClientID: p.ID, Grant: "client_credentials"}, nil
		}
	}
	return Claims{}, errBadCredentials
}

// renew checks a refresh token.
func (u *UAA) renew(token string) (Claims, error) {
	c, err := u.verify(token)
	if err != nil {
		return c, err
	}
	if !c.Refresh {
		return c, errors.New("it is no refresh token")
	}
	if _, err := u.owner(c); err != nil {
		return c, err
	}
	c.Refresh = false
	return c, nil
}

func userClaims(user User) Claims {
	id := identityOf(user)
	return Claims{Subject: id.ID, UserID: id.ID, UserName: id.Name, Origin: origin, ClientID: cliClient, Grant: "password"}
}

// issue signs what is known of somebody, for so long from now on.
func (u *UAA) issue(c Claims, lifetime time.Duration) (string, error) {
	key := u.key.Load()
	if key == nil {
		return "", errors.New("there is no key yet")
	}
	now := time.Now()
	c.ID, c.Issued, c.Expires = bus.Hex(16), now.Unix(), now.Add(lifetime).Unix()
	c.Scope = []string{"openid", "cloud_controller.read", "cloud_controller.write", "cloud_controller.admin"}
	return sign(*key, c)
}

// same takes as long for what is wrong as for what is right.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
