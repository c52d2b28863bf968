package uaa

import (
	"encoding/json"
	"net/http"
)

// maxForm is how long the form of a login may be, in bytes.
const maxForm = 64 << 10

// Login answers GET /login: what people are asked for.
func (u *UAA) Login(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, map[string]any{
		"app":     map[string]string{"version": "minicf"},
		"prompts": map[string][2]string{"username": {"text", "Email"}, "password": {"password", "Password"}},
	})
}

// grant is the answer to a good login.
type grant struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	Scope        string `json:"scope"`
	ID           string `json:"jti"`
}

// refusal is an answer in the form of the UAA (RFC 6749, 5.2).
type refusal struct {
	status      int
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// Token answers POST /oauth/token.
func (u *UAA) Token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		refuse(w, refusal{http.StatusBadRequest, "invalid_request", "The form cannot be read: " + err.Error()})
		return
	}
	claims, refused := u.grant(r)
	if refused != nil {
		refuse(w, *refused)
		return
	}
	g, err := u.tokens(claims)
	if err != nil {
		refuse(w, refusal{http.StatusInternalServerError, "server_error", err.Error()})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	write(w, http.StatusOK, g)
}

// grant looks at one of the three ways to log in.
func (u *UAA) grant(r *http.Request) (Claims, *refusal) {
	bad := &refusal{http.StatusUnauthorized, "unauthorized", errBadCredentials.Error()}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	how := r.PostForm.Get("grant_type")
	if how != "client_credentials" && (id != "" && id != cliClient || secret != "") {
		return Claims{}, bad
	}
	var c Claims
	var err error
	switch how {
	case "password":
		c, err = u.login(r.PostForm.Get("username"), r.PostForm.Get("password"))
	case "client_credentials":
		c, err = u.loginClient(id, secret)
	case "refresh_token":
		if c, err = u.renew(r.PostForm.Get("refresh_token")); err != nil {
			return c, &refusal{http.StatusUnauthorized, "invalid_token", "The refresh token is no good: " + err.Error()}
		}
	default:
		return c, &refusal{http.StatusBadRequest, "unsupported_grant_type", "grant_type is password, refresh_token or client_credentials"}
	}
	if err != nil {
		return c, bad
	}
	return c, nil
}

// tokens makes what a login is answered with. Programs get no refresh token: they have a secret.
func (u *UAA) tokens(c Claims) (grant, error) {
	access, err := u.issue(c, accessLifetime)
	if err != nil {
		return grant{}, err
	}
	g := grant{AccessToken: access, TokenType: "bearer", ExpiresIn: int(accessLifetime.Seconds()), Scope: "cloud_controller.admin openid"}
	if said, err := u.verify(access); err == nil {
		g.ID = said.ID
	}
	if c.UserName == "" {
		return g, nil
	}
	c.Refresh = true
	g.RefreshToken, err = u.issue(c, refreshLifetime)
	return g, err
}

func refuse(w http.ResponseWriter, f refusal) { write(w, f.status, f) }

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only when the client is gone
}
