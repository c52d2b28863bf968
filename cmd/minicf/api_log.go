package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/client/cf"
)

// wordsWait is how long the log is given to hear what a crashed instance wrote.
const wordsWait = time.Second

// withLastWords adds to the failure of an instance what it wrote last, and what its DEA had to say of its end.
func (s *session) withLastWords(ctx context.Context, api *cf.Client, app cf.App, failed *cf.StartError) error {
	e := &coded{error: failed, code: exitAppStart, hint: failed.Hint()}
	for began := time.Now(); failed.Instance.State == cf.Crashed; {
		lines, err := api.Recent(ctx, app.GUID)
		if err != nil {
			break // there is no log here
		}
		words, wrote := lastLines(lines, fmt.Sprint(failed.Instance.Index))
		if wrote || time.Since(began) > wordsWait {
			if words != "" {
				e.error = fmt.Errorf("%w\nits log ends with:\n%s", failed, words)
			}
			break
		}
		select {
		case <-time.After(logPoll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return e
}

// lastLines are those of one instance at the end of a log; wrote is whether some are its own.
func lastLines(lines []cf.Line, instance string) (text string, wrote bool) {
	var some []string
	for _, l := range lines {
		if l.Instance != instance || l.Source != cf.FromApp && l.Source != cf.FromCell {
			continue
		}
		wrote = wrote || l.Source == cf.FromApp
		some = append(some, "  "+printable(l.Text))
	}
	return strings.Join(some[max(0, len(some)-lastWords):], "\n"), wrote
}

// apiLine is a line of an app of the CF API, for programs.
type apiLine struct {
	App      string    `json:"app"`
	Time     time.Time `json:"time"`
	Source   string    `json:"source"`
	Instance string    `json:"index"`
	Stream   string    `json:"stream"`
	Line     string    `json:"line"`
}

// apiLogs prints the logs of apps of the CF API: what there is, and with follow what comes, until ctx ends.
type apiLogs struct {
	*session
	api    *cf.Client
	follow bool
	index  string // of the only instance that is wanted; "" is all
	named  bool   // the app stands before each line

	mu sync.Mutex
}

// run prints those of several apps.
func (l *apiLogs) run(ctx context.Context, apps []cf.App) error {
	failed := make(chan error, len(apps))
	var wg sync.WaitGroup
	for _, app := range apps {
		if l.follow {
			wg.Go(func() { failed <- l.one(ctx, app) })
		} else {
			failed <- l.one(ctx, app)
		}
	}
	wg.Wait()
	for range apps {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

func (l *apiLogs) one(ctx context.Context, app cf.App) error {
	lines, err := l.api.Recent(ctx, app.GUID)
	if err != nil {
		return err
	}
	last := time.Unix(0, 0)
	for _, line := range lines {
		last = line.Time
		l.print(app, line)
	}
	if !l.follow {
		return nil
	}
	return l.api.Follow(ctx, app.GUID, last, func(line cf.Line) { l.print(app, line) })
}

// print writes a line as cf logs does.
func (l *apiLogs) print(app cf.App, line cf.Line) {
	if l.index != "" && (line.Instance != l.index || line.Source != cf.FromApp && line.Source != cf.FromCell) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.json {
		e := json.NewEncoder(l.out)
		e.SetEscapeHTML(false)
		_ = e.Encode(apiLine{app.Name, line.Time, line.Source, line.Instance, line.Stream, line.Text}) // a reader that is gone wants no more
		return
	}
	prefix := ""
	if l.named {
		prefix = app.Name + " "
	}
	fmt.Fprintf(l.out, "%s%s [%s/%s] %s %s\n", prefix, line.Time.Format("2006-01-02T15:04:05.00-0700"), line.Source, line.Instance, line.Stream, printable(line.Text))
}
