package uaa

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/config/configtest"
)

func TestShippedFileIsTheDefault(t *testing.T) {
	t.Parallel()
	configtest.CheckShipped(t, "users", Default())
}

// open is a UAA that knows admin and the program ci, with its key in a directory.
func open(t *testing.T, dir string) *UAA {
	t.Helper()
	cfg := Default()
	cfg.Clients = append(cfg.Clients, Client{ID: "ci", Secret: "s3cret"})
	u, err := New(cfg, filepath.Join(dir, "uaa", "key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Open(); err != nil {
		t.Fatal(err)
	}
	return u
}

// ask posts a form to /oauth/token as the cf command does, and returns the status and the answer.
func ask(t *testing.T, u *UAA, form string, basic ...string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/token", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(basic) == 2 {
		r.SetBasicAuth(basic[0], basic[1])
	}
	w := httptest.NewRecorder()
	u.Token(w, r)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, answer
}

func TestLogins(t *testing.T) {
	t.Parallel()
	u := open(t, t.TempDir())
	_, good := ask(t, u, "grant_type=password&username=admin&password=admin", "cf", "")
	refresh := good["refresh_token"].(string)
	for name, tt := range map[string]struct {
		form   string
		basic  []string
		status int
		error  string
	}{
		"a password":                    {"grant_type=password&username=admin&password=admin", []string{"cf", ""}, 200, ""},
		"a password without a client":   {"grant_type=password&username=admin&password=admin", nil, 200, ""},
		"a wrong password":              {"grant_type=password&username=admin&password=wrong", []string{"cf", ""}, 401, "unauthorized"},
		"nobody":                        {"grant_type=password&username=&password=", []string{"cf", ""}, 401, "unauthorized"},
		"an unknown user":               {"grant_type=password&username=eve&password=admin", []string{"cf", ""}, 401, "unauthorized"},
		"an unknown client":             {"grant_type=password&username=admin&password=admin", []string{"evil", ""}, 401, "unauthorized"},
		"a refresh token":               {"grant_type=refresh_token&refresh_token=" + refresh, []string{"cf", ""}, 200, ""},
		"an access token as refresh":    {"grant_type=refresh_token&refresh_token=" + good["access_token"].(string), []string{"cf", ""}, 401, "invalid_token"},
		"garbage as refresh token":      {"grant_type=refresh_token&refresh_token=x.y.z", []string{"cf", ""}, 401, "invalid_token"},
		"a program":                     {"grant_type=client_credentials&client_id=ci&client_secret=s3cret", nil, 200, ""},
		"a program with a wrong secret": {"grant_type=client_credentials&client_id=ci&client_secret=x", nil, 401, "unauthorized"},
		"a user as a program":           {"grant_type=client_credentials&client_id=admin&client_secret=admin", nil, 401, "unauthorized"},
		"no grant type":                 {"username=admin&password=admin", nil, 400, "unsupported_grant_type"},
	} {
		status, answer := ask(t, u, tt.form, tt.basic...)
		if got, _ := answer["error"].(string); status != tt.status || got != tt.error {
			t.Errorf("%s: %d %v, want %d %q", name, status, answer, tt.status, tt.error)
		}
		if status == 200 {
			if _, err := u.Check(answer["access_token"].(string)); err != nil {
				t.Errorf("%s: the token that was given out is no good: %v", name, err)
			}
		}
	}
}

func TestOnlyOurOwnTokensAreGood(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	u := open(t, dir)
	_, answer := ask(t, u, "grant_type=password&username=admin&password=admin", "cf", "")
	token, refresh := answer["access_token"].(string), answer["refresh_token"].(string)
	parts := strings.Split(token, ".")
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	foreign, err := sign([]byte("another key"), Claims{UserName: "admin", Expires: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"nothing":                    "",
		"no token":                   "admin",
		"two parts":                  parts[0] + "." + parts[1],
		"no algorithm":               b64(`{"alg":"none"}`) + "." + parts[1] + ".",
		"no algorithm, but signed":   b64(`{"alg":"none"}`) + "." + parts[1] + "." + parts[2],
		"another algorithm":          b64(`{"alg":"HS512","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"other claims":               parts[0] + "." + b64(`{"user_name":"admin","exp":99999999999}`) + "." + parts[2],
		"no signature":               parts[0] + "." + parts[1] + ".",
		"another key":                foreign,
		"a refresh token":            refresh,
		"something behind it":        token + "A",
		"far too much":               token + strings.Repeat("A", maxToken),
		"a signature that is no b64": parts[0] + "." + parts[1] + ".!",
	} {
		if who, err := u.Check(bad); err == nil {
			t.Errorf("%s was accepted, as %+v", name, who)
		}
	}
	who, err := open(t, dir).Check(token) // after a restart
	if err != nil || who.Name != "admin" || who.Type != "user" || len(who.ID) != 36 {
		t.Errorf("our token = %+v, %v, want it to be admin's", who, err)
	}
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		u := open(t, dir)
		c, err := u.login("admin", "admin")
		if err != nil {
			t.Fatal(err)
		}
		g, err := u.tokens(c)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(accessLifetime - time.Second)
		if _, err := u.Check(g.AccessToken); err != nil {
			t.Errorf("a second before its end the token is no good: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := u.Check(g.AccessToken); err == nil {
			t.Error("the token is good for longer than it should")
		}
		if _, err := u.renew(g.RefreshToken); err != nil {
			t.Errorf("the refresh token is no good: %v", err)
		}
		time.Sleep(refreshLifetime)
		if _, err := u.renew(g.RefreshToken); err == nil {
			t.Error("the refresh token is good for ever")
		}
	})
}

func TestTokenOfSomebodyWhoWasRemovedIsNoGood(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, answer := ask(t, open(t, dir), "grant_type=client_credentials&"+url.Values{"client_id": {"ci"}, "client_secret": {"s3cret"}}.Encode())
	u, err := New(Config{Users: []User{{"ci", "x"}}}, filepath.Join(dir, "uaa", "key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Open(); err != nil {
		t.Fatal(err)
	}
	if who, err := u.Check(answer["access_token"].(string)); err == nil {
		t.Errorf("accepted as %+v", who)
	}
}

func TestMistakesOfTheFileAreNamed(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{
		"users[0].name":     {Users: []User{{"", "x"}}},
		"users[0].password": {Users: []User{{"a", ""}}},
		"users[1].name":     {Users: []User{{"a", "x"}, {"a", "y"}}},
		"clients[0].id":     {Clients: []Client{{"cf", "x"}}},
		"clients[0].secret": {Clients: []Client{{"ci", ""}}},
	} {
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error = %v, want one about %s", err, want)
		}
	}
}
