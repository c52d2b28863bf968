// Package component has the cases that hold for every component of Cloud Foundry v1: how it introduces itself on the bus, and its
// /healthz and /varz (vcap-common).
package component

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// Subject is a component under test.
type Subject struct {
	Wire     *wire.Wire
	Type     string        // "DEA", "Stager"
	UUID     string        // of the one that is meant; "" is any of the type
	Patience time.Duration // for what must come
	Secrets  []string      // what /varz must not show, such as the password of the bus
}

// Cases are the checks, for a kit that has a Subject. Section is the paragraph of the protocol notes that is about components.
func Cases[K any](section string, of func(K) *Subject) []suite.Check[K] {
	check := func(name, about string, level suite.Level, run func(*Subject, context.Context) error) suite.Check[K] {
		return suite.Check[K]{
			Case: suite.Case{Name: "component/" + name, Source: section, About: about, Level: level},
			Run:  func(ctx context.Context, k K) error { return run(of(k), ctx) },
		}
	}
	return []suite.Check[K]{
		check("discovered", "vcap.component.discover is answered with type, index, uuid, host, credentials, start and uptime", suite.Required, (*Subject).discovered),
		check("any-payload", "what vcap.component.discover carries does not matter", suite.Required, (*Subject).anyPayload),
		check("healthz", "/healthz says ok", suite.Required, (*Subject).healthz),
		check("varz", "/varz has what it said of itself, and num_cores, config, uptime, mem and cpu", suite.Required, (*Subject).varz),
		check("varz-secrets", "/varz does not show the password of the bus", suite.Required, (*Subject).varzSecrets),
		check("unauthorized", "without credentials there is a 401 with an empty body and the realm \"\"", suite.Required, (*Subject).unauthorized),
		check("wrong-password", "with a wrong password there is a 401", suite.Required, (*Subject).wrongPassword),
		check("malformed-header", "a malformed Authorization header is a 400", suite.Optional, (*Subject).malformedHeader),
	}
}

// Describe asks the component what it is.
func (s *Subject) Describe(ctx context.Context, payload any) (wire.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	q, err := s.Wire.Ask(protocol.ComponentDiscover.String(), payload)
	if err != nil {
		return nil, err
	}
	m, ok := q.Answer(ctx, func(m wire.Message) bool {
		return m.Object.Text("type") == s.Type && (s.UUID == "" || m.Object.Text("uuid") == s.UUID)
	})
	if !ok {
		return nil, &suite.Mismatch{
			Why:      "no answer to vcap.component.discover within " + s.Patience.String(),
			Expected: fmt.Sprintf("a component of type %q and uuid %q", s.Type, s.UUID), Seen: wire.Lines(q.Answers()),
		}
	}
	return m.Object, nil
}

// RubyTime is how Ruby prints a time.
func RubyTime() wire.Kind {
	return wire.Matching(`a time like "2012-11-10 23:16:11 -0800"`, `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [-+]\d{4}$`)
}

func (s *Subject) discovered(ctx context.Context) error {
	o, err := s.Describe(ctx, nil)
	if err != nil {
		return err
	}
	uuid := wire.Hex(32)
	if index, ok := o.Int("index"); ok {
		uuid = wire.Matching(fmt.Sprintf("%d- and 32 hex digits", index), fmt.Sprintf("^%d-[0-9a-f]{32}$", index))
	}
	err = wire.Shape{
		{Key: "type", Kind: wire.Is(s.Type)},
		{Key: "index", Kind: wire.OrNull(wire.Int())},
		{Key: "uuid", Kind: uuid},
		{Key: "host", Kind: wire.Matching("ip:port", `^[0-9a-fA-F.:\[\]]+:\d+$`)},
		{Key: "credentials", Kind: wire.Texts()},
		{Key: "start", Kind: RubyTime()},
		{Key: "uptime", Kind: wire.Matching(`a time like "0d:0h:1m:45s"`, `^\d+d:\d+h:\d+m:\d+s$`)},
	}.Check("the answer to vcap.component.discover", o)
	if err != nil {
		return err
	}
	if c, _ := o.Texts("credentials"); len(c) != 2 {
		return &suite.Mismatch{Why: "credentials are no pair", Expected: `["user","password"]`, Seen: wire.Show(o["credentials"])}
	}
	return nil
}

func (s *Subject) anyPayload(ctx context.Context) error {
	_, err := s.Describe(ctx, wire.Object{"what": "ever", "n": 1})
	return err
}

func (s *Subject) healthz(ctx context.Context) error {
	a, err := s.get(ctx, "/healthz", s.login)
	if err != nil {
		return err
	}
	return a.is(http.StatusOK, func(body string) bool { return body == "ok\n" }, `"ok\n"`)
}

func (s *Subject) varz(ctx context.Context) error {
	a, err := s.get(ctx, "/varz", s.login)
	if err != nil {
		return err
	}
	if err := a.is(http.StatusOK, func(string) bool { return true }, "JSON"); err != nil {
		return err
	}
	o, err := wire.Parse([]byte(a.body))
	if err != nil {
		return &suite.Mismatch{Why: "/varz is no JSON object: " + err.Error(), Expected: "JSON", Seen: a.body}
	}
	// The originals repeated the credentials, too. Whoever reads this has them.
	return wire.Shape{
		{Key: "type", Kind: wire.Is(s.Type)}, {Key: "uuid", Kind: wire.Text()}, {Key: "host", Kind: wire.Text()}, {Key: "start", Kind: RubyTime()},
		{Key: "num_cores", Kind: wire.Int()}, {Key: "config", Kind: wire.Of(nil)}, {Key: "uptime", Kind: wire.Text()},
		{Key: "mem", Kind: wire.Number()}, {Key: "cpu", Kind: wire.Number()},
	}.Check("/varz", o)
}

func (s *Subject) varzSecrets(ctx context.Context) error {
	if len(s.Secrets) == 0 {
		return &suite.Skip{Why: "the URL of the bus has no password that could be shown"}
	}
	a, err := s.get(ctx, "/varz", s.login)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(s.Secrets, func(secret string) bool { return strings.Contains(a.body, secret) }) {
		return &suite.Known{What: "/varz shows the password of the bus"}
	}
	return nil
}

func (s *Subject) unauthorized(ctx context.Context) error {
	a, err := s.get(ctx, "/varz", func(*http.Request, []string) {})
	if err != nil {
		return err
	}
	if err := a.is(http.StatusUnauthorized, func(body string) bool { return body == "" }, "no body"); err != nil {
		return err
	}
	if got := a.header.Get("WWW-Authenticate"); got != `Basic realm=""` {
		return &suite.Mismatch{Why: "the wrong challenge", Expected: `WWW-Authenticate: Basic realm=""`, Seen: "WWW-Authenticate: " + got}
	}
	return nil
}

func (s *Subject) wrongPassword(ctx context.Context) error {
	a, err := s.get(ctx, "/healthz", func(r *http.Request, c []string) { r.SetBasicAuth(c[0], c[1]+"x") })
	if err != nil {
		return err
	}
	return a.is(http.StatusUnauthorized, func(string) bool { return true }, "anything")
}

func (s *Subject) malformedHeader(ctx context.Context) error {
	a, err := s.get(ctx, "/healthz", func(r *http.Request, _ []string) { r.Header.Set("Authorization", "nonsense") })
	if err != nil {
		return err
	}
	return a.is(http.StatusBadRequest, func(string) bool { return true }, "anything")
}

func (s *Subject) login(r *http.Request, credentials []string) {
	r.SetBasicAuth(credentials[0], credentials[1])
}

// answer is what the HTTP server of the component said.
type answer struct {
	path   string
	status int
	header http.Header
	body   string
}

func (a answer) is(status int, fits func(body string) bool, body string) error {
	if a.status == status && fits(a.body) {
		return nil
	}
	return &suite.Mismatch{
		Why:      fmt.Sprintf("%s is %d", a.path, a.status),
		Expected: fmt.Sprintf("%d, %s", status, body), Seen: fmt.Sprintf("%d, %q", a.status, a.body),
	}
}

// get asks the HTTP server of the component; prepare sets the credentials.
func (s *Subject) get(ctx context.Context, path string, prepare func(*http.Request, []string)) (answer, error) {
	o, err := s.Describe(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	credentials, _ := o.Texts("credentials")
	if _, _, err := net.SplitHostPort(o.Text("host")); err != nil || len(credentials) != 2 {
		return answer{}, &suite.Mismatch{Why: "it does not say where its HTTP server is", Expected: "host and credentials", Seen: o.String()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.Text("host")+path, nil)
	if err != nil {
		return answer{}, err
	}
	prepare(req, credentials)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: s.Patience}).Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answer{path, resp.StatusCode, resp.Header, string(body)}, err
}
