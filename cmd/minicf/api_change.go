package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/client/cf"
)

// crashPatience is how long a crash of before may be what is left of an instance that is started just now.
const crashPatience = 2 * time.Second

// changed is what became of a change to an app, for programs.
type changed struct {
	App       string   `json:"app"`
	GUID      string   `json:"guid"`
	State     string   `json:"state"`
	Instances int      `json:"instances"`
	URLs      []string `json:"urls"`
}

// changeAPIApp changes an app of the CF API and waits until what is wanted is the case: all instances run, and no others.
func (s *session) changeAPIApp(ctx context.Context, api *cf.Client, app cf.App, ch appChange) error {
	settled := crashPatience
	if app.State != cf.Started || ch.stopsFirst {
		settled = 0 // the version is new: nothing is left of it
	}
	var out changed
	err := s.whileWatching(ctx, app.GUID, func(w *client.Watcher) error {
		if err := ch.api(ctx, api, app); err != nil {
			return err
		}
		app, err := api.App(ctx, app.Name)
		if err != nil {
			return err
		}
		p, err := api.Process(ctx, app.GUID)
		if err != nil {
			return err
		}
		out = changed{App: app.Name, GUID: app.GUID, State: app.State, Instances: p.Instances}
		if app.State != cf.Started {
			out.Instances = 0
		} else if err := s.awaitRunning(ctx, api, app, p.Instances, settled); err != nil {
			return err
		}
		return gone(ctx, w, out.Instances)
	})
	if err != nil {
		return err
	}
	if out.URLs, err = s.urlsOf(ctx, api, app.GUID); err != nil {
		return err
	}
	switch {
	case s.json:
		return s.printJSON(out)
	case out.State != cf.Started:
		s.say("%s is stopped", out.App)
		return nil
	}
	s.say("%s runs with %s", out.App, instances(out.Instances))
	s.showURLs(out.URLs)
	return nil
}

// whileWatching does something to an app whose instances are watched from before.
func (s *session) whileWatching(ctx context.Context, id string, do func(*client.Watcher) error) error {
	return s.withBus(ctx, func(ctx context.Context, b *bus.Bus) error {
		w, err := client.Watch(ctx, b, id)
		if err != nil {
			return err
		}
		defer w.Stop()
		return do(w)
	})
}

// gone waits until no instance is left of those from n on.
func gone(ctx context.Context, w *client.Watcher, n int) error {
	ctx, cancel := context.WithTimeout(ctx, stopWait)
	defer cancel()
	return w.Gone(ctx, n)
}

// deleteAPIApp returns when no instance is left, and the router knows none of its names any more.
func (s *session) deleteAPIApp(ctx context.Context, api *cf.Client, app cf.App) error {
	routes, err := api.RoutesOf(ctx, app.GUID)
	if err != nil {
		return err
	}
	err = s.whileWatching(ctx, app.GUID, func(w *client.Watcher) error {
		if err := api.Delete(ctx, app.GUID); err != nil {
			return err
		}
		return gone(ctx, w, 0)
	})
	if err != nil {
		return err
	}
	for _, r := range routes {
		if len(r.Destinations) > 1 {
			continue // it leads to others, too
		}
		if err := api.DeleteRoute(ctx, r.GUID); err != nil {
			return err
		}
		if err := s.unrouted(ctx, r.URL); err != nil {
			return err
		}
	}
	if s.json {
		return s.printJSON(map[string]string{"deleted": app.Name, "guid": app.GUID})
	}
	s.say("%s is deleted", app.Name)
	return nil
}

// unrouted waits until the running router knows a name no more. Without a router nobody does.
func (s *session) unrouted(ctx context.Context, name string) error {
	running, err := s.find()
	if err != nil || running["router"].URL == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stopWait)
	defer cancel()
	for {
		known, err := routed(ctx, running["router"].URL, name)
		if ctx.Err() != nil {
			return fmt.Errorf("%s still leads somewhere: %w", name, ctx.Err())
		}
		if err != nil || !known {
			return err
		}
		select {
		case <-time.After(locatePoll):
		case <-ctx.Done():
		}
	}
}

// routed asks a router whether it knows a name.
func routed(ctx context.Context, router, name string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, router, http.NoBody)
	if err != nil {
		return false, err
	}
	req.Host = name
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	const enough = 100
	text, err := io.ReadAll(io.LimitReader(resp.Body, enough))
	return !strings.HasPrefix(string(text), "VCAP ROUTER: 404"), err
}
