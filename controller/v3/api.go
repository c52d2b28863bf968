// Package v3 is the part of the CF API v3 that the cf command needs: what people of today know, in front of the platform of 2012.
//
// In go the requests of `cf push` and its kin; out come the same three things as ever, which [Stager] and [Platform] do: an upload becomes a package, a
// build is one `staging` request, a start is `dea.discover` and `dea.<id>.start` for each instance. Read routes.go first: it is all that can be
// asked on one screen. Each resource has a file of its own: its record, what is shown of it, and what can be done with it.
//
// Records are written before a request is answered, so that a kill loses nothing that was said; what was under way then is settled at the next
// start (settle.go).
//
// In 2012 the cloud controller spoke v1 of this API, and vmc was its client. Version 3 is from 2014 on. Which requests the cf command makes, and which
// fields of the answers it looks at, was recorded with cf 8.18.4.
package v3

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/controller/bits"
	"github.com/minicf/minicf/controller/records"
	"github.com/minicf/minicf/controller/resources"
	"github.com/minicf/minicf/controller/uaa"
)

// Version is the one that is advertised: high enough for the cf commands v8 and v9, and below what makes them use newer queries.
const Version = "3.180.0"

// Config is what an API is made of. All of it is needed.
type Config struct {
	Bus       *bus.Bus // keeps the records
	UAA       *uaa.UAA
	Stager    Stager
	Platform  Platform
	Packages  *bits.Store
	Droplets  *bits.Store
	Resources *resources.Pool
	Uploads   bits.Uploads
	Log       *slog.Logger
	Tell      func(app, text string) // adds a line to an app's log
}

// API answers requests, as long as Run runs.
type API struct {
	Config

	orgs     records.Records[organization]
	spaces   records.Records[space]
	domains  records.Records[domain]
	apps     records.Records[app]
	packages records.Records[pkg]
	builds   records.Records[build]
	droplets records.Records[droplet]
	routes   records.Records[route]
	jobs     records.Records[job]
	events   records.Records[event]

	naming sync.Mutex    // held while something gets a name that nothing else may have
	busy   records.Locks // by app, while it is made what its record says
	staged signal        // when a build ends
	work   *workshop
	unfit  atomic.Pointer[string] // why the API cannot answer yet; nil when it can
	held   time.Duration          // how long a request may wait for a change
}

// New returns an API that does not run yet.
func New(cfg Config) *API {
	a := &API{
		Config: cfg, work: newWorkshop(), held: longPoll,
		orgs: records.New[organization](cfg.Bus, "v3-organizations"), spaces: records.New[space](cfg.Bus, "v3-spaces"),
		domains: records.New[domain](cfg.Bus, "v3-domains"), apps: records.New[app](cfg.Bus, "v3-apps"),
		packages: records.New[pkg](cfg.Bus, "v3-packages"), builds: records.New[build](cfg.Bus, "v3-builds"),
		droplets: records.New[droplet](cfg.Bus, "v3-droplets"), routes: records.New[route](cfg.Bus, "v3-routes"),
		jobs: records.New[job](cfg.Bus, "v3-jobs"), events: records.New[event](cfg.Bus, "v3-events"),
	}
	starting := "the controller is starting"
	a.unfit.Store(&starting)
	return a
}

// retryPause is how long to wait for records that are not there.
const retryPause = time.Second

// Run settles what the last run left, and then does what requests leave to be done, until ctx ends. A bus without records only makes requests
// fail, with what has to be started. tried is called once, when it is known whether the API can answer.
func (a *API) Run(ctx context.Context, tried func()) {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { a.work.run(ctx) })
	said := ""
	tried = sync.OnceFunc(tried)
	defer tried()
	for {
		err := a.settle(ctx)
		if err == nil {
			a.unfit.Store(nil)
			return
		}
		f, ours := explain(err)
		if ours {
			f.Detail = err.Error()
		}
		a.unfit.Store(&f.Detail)
		tried()
		if _, none := errors.AsType[*bus.NoRecordsError](err); !none && said != f.Detail && ctx.Err() == nil {
			a.Log.Error("the CF API cannot start yet", "error", err)
			said = f.Detail
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return
		}
	}
}

// authenticated makes a handler of a function for somebody who has logged in.
func (a *API) authenticated(f func(*API, *call) error) http.HandlerFunc {
	return a.anybody(func(a *API, c *call) error {
		kind, token, _ := strings.Cut(c.Request.Header.Get("Authorization"), " ")
		if token == "" {
			return errNotAuthenticated()
		}
		who, err := a.UAA.Check(token)
		if err != nil || !strings.EqualFold(kind, "bearer") {
			return errInvalidToken()
		}
		if why := a.unfit.Load(); why != nil {
			return unavailable(*why)
		}
		c.who = who
		return f(a, c)
	})
}

// LoggedIn lets only those pass who have a token.
func (a *API) LoggedIn(next http.HandlerFunc) http.HandlerFunc {
	return a.authenticated(func(_ *API, c *call) error {
		next(c.ResponseWriter, c.Request)
		return nil
	})
}

// anybody makes a handler of a function that either answers or says why it cannot.
func (a *API) anybody(f func(*API, *call) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{ResponseWriter: w, Request: r}
		err := f(a, c)
		if err == nil || r.Context().Err() != nil { // or nobody listens any more
			return
		}
		answer, ours := explain(err)
		if ours {
			a.Log.Error("request not answered", "method", r.Method, "path", r.URL.Path, "error", err)
		}
		_ = c.json(answer.status, object{"errors": []failure{answer}})
	}
}
