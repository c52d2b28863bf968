package story

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minicf/minicf/sandbox"

	"github.com/minicf/minicf/config"
)

// answer asks the app through the router. What came is shown whatever it is; an error is the end of the story.
func (t *tale) answer(ctx context.Context) error {
	began := time.Now()
	router, host := t.sb.URL("router"), t.hostName()
	got, err := t.askUntilRouted(ctx, router, host)
	if errors.Is(err, context.DeadlineExceeded) {
		return &AnswerError{App: t.App.Name, Said: t.lastWords()}
	}
	if err != nil {
		return err
	}
	step := Step{
		Title: "The app answers", Elapsed: time.Since(began),
		Why: "The Host header says which app is meant. The router picks one of its instances and passes the request on; " +
			"the app never learns that it is not alone in the world.",
		Exhibits: []Exhibit{{
			Label: fmt.Sprintf("curl -H 'Host: %s' %s/", host, router),
			Text:  fmt.Sprintf("HTTP %d %s\n\n%s", got.status, http.StatusText(got.status), firstLines(string(got.text), 20)),
		}},
	}
	bad := got.status >= http.StatusInternalServerError || got.fromRouter
	if bad {
		step.Title = "The app answers with an error"
	}
	if got.fromRouter {
		step.Title = "The router answers, not the app"
	}
	if err := t.tell(step); err != nil || !bad {
		return err
	}
	return &AnswerError{App: t.App.Name, Status: got.status, Router: got.fromRouter, Said: t.lastWords()}
}

// askUntilRouted retries while the router, which learns of the instance in the same moment as we do, does not know it yet.
func (t *tale) askUntilRouted(ctx context.Context, router, host string) (answer, error) {
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for {
		got, err := fetch(ctx, router+"/", host)
		if err != nil || got.status != http.StatusNotFound || !got.fromRouter {
			return got, err
		}
		if m, gone := t.seen.find(on(exited)); gone {
			return got, t.ended(m)
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return got, fmt.Errorf("wait for the route of %s: %w", host, ctx.Err())
		}
	}
}

// hostName is the app's name on this machine: NAME.localhost, which browsers resolve without DNS.
func (t *tale) hostName() string {
	for _, u := range t.App.URIs {
		if strings.HasSuffix(u, ".localhost") {
			return u
		}
	}
	return t.App.URIs[0]
}

// epilogue says how to go on.
func (t *tale) epilogue(context.Context) error {
	s := Step{Title: "That was all", Why: "Everything you saw was real: a NATS server, HTTP, a droplet on disk, a process with a port."}
	if t.Stay {
		port := t.sb.URL("router")
		if u, err := url.Parse(port); err == nil {
			port = u.Port()
		}
		s.Exhibits = []Exhibit{{Label: "the app stays up until you press Ctrl-C", Text: fmt.Sprintf(
			"in a browser   http://%s:%s/\nwith curl      curl -H 'Host: %s' %s/\nthe bus        minicf tap --data-dir %s",
			t.hostName(), port, t.hostName(), t.sb.URL("router"), t.DataDir)}}
		return t.tell(s)
	}
	s.Exhibits = []Exhibit{{Label: "to go on", Text: "minicf up               the platform, to play with\n" +
		"minicf request-staging  only the first half, with all messages\n" +
		"minicf deploy           both halves, as the script of 2012\n" +
		"minicf demo --app DIR   the same story with an app of yours"}}
	return t.tell(s)
}

// answer is what came back over HTTP.
type answer struct {
	status     int
	text       []byte
	fromRouter bool // the router itself answered, not the app
}

// fetch gets a URI; host, if set, is sent as the Host header.
func fetch(ctx context.Context, uri, host string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return answer{}, err
	}
	req.Host = host
	// A connection of its own, closed at once, and no proxy: nothing of the story may linger or leave the machine.
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	return answer{status: resp.StatusCode, text: text, fromRouter: bytes.HasPrefix(text, []byte(routerPage))}, err
}

// routerPage is how the router of 2012, and ours, begins what it says in place of an app.
const routerPage = "VCAP ROUTER: "

// firstLines are at most n lines, and of those no more than people want to see of a page without line breaks.
func firstLines(text string, n int) string {
	const most = 4000
	if len(text) > most {
		text = text[:most] + "…\n"
	}
	lines := strings.SplitAfterN(text, "\n", n+1)
	if len(lines) > n {
		lines[n] = "…\n"
	}
	return strings.Join(lines, "")
}

// sandboxSettings are those of a sandbox that disturbs nobody: private data, free ports, shipped configuration.
func (o Options) sandboxSettings() sandbox.Settings {
	s := o.Settings
	s.DataDir, s.Dir, s.BusURL, s.Only, s.Without, s.Lookup = o.DataDir, "", "", nil, nil, nil
	s.Overrides = map[string][]config.Override{}
	for _, component := range []string{"nats", "controller", "router"} {
		s.Overrides[component] = []config.Override{{Key: "port", Value: "0", Flag: "demo"}}
	}
	return s
}
