package cf

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The states of an instance.
const (
	Running  = "RUNNING"
	Starting = "STARTING"
	Crashed  = "CRASHED"
	Down     = "DOWN"
)

// Instance is one that should run, and how it does.
type Instance struct {
	Index     int    `json:"index"`
	State     string `json:"state"`
	Details   string `json:"details"` // why it does not run, if that is known
	Uptime    int    `json:"uptime"`  // seconds
	Host      string `json:"host"`
	MemQuota  int64  `json:"mem_quota"`  // bytes
	DiskQuota int64  `json:"disk_quota"` // bytes
	Usage     struct {
		CPU  float64 `json:"cpu"`  // of one core
		Mem  int64   `json:"mem"`  // bytes
		Disk int64   `json:"disk"` // bytes
	} `json:"usage"`
}

// Instances tells how the instances of an app do. While none of a started app runs yet, the answer may take 20 seconds.
func (c *Client) Instances(ctx context.Context, app string) ([]Instance, error) {
	var answer struct {
		Resources []Instance `json:"resources"`
	}
	err := c.get(ctx, "/v3/processes/"+app+"/stats", &answer)
	return answer.Resources, err
}

// StartError says which instance does not run.
type StartError struct {
	App      string // its name
	Instance Instance
	Wanted   int // how many instances should run
	Running  int
}

func (e *StartError) Error() string {
	what := "has crashed"
	switch e.Instance.State {
	case Starting:
		what = "is still starting"
	case Down:
		what = "was not started"
	}
	text := fmt.Sprintf("%d of %d instances of %s run; %s/%d %s", e.Running, e.Wanted, e.App, e.App, e.Instance.Index, what)
	if e.Instance.Details != "" {
		text += ": " + e.Instance.Details
	}
	return text
}

// Hint says where to look.
func (e *StartError) Hint() string {
	if e.Instance.State == Down {
		return "`minicf dea status` shows what room there is; less memory (-m) or fewer instances (-i) may fit"
	}
	return "`minicf logs " + e.App + "` shows all that it wrote; it must listen on the port in $PORT"
}

// How long instances are waited for, and how often is asked when some run already: the controller holds its answer only until the first does.
const (
	startWait  = 70 * time.Second // a DEA gives up after a minute
	placeWait  = 500 * time.Millisecond
	startPause = 50 * time.Millisecond
)

// AwaitRunning returns when every instance of an app runs, or says with a *StartError which does not. settled is how long a crash may be one of
// before; progress hears of each change, and may be nil.
func (c *Client) AwaitRunning(ctx context.Context, a App, instances int, settled time.Duration, progress func(string)) error {
	patient, cancel := context.WithTimeout(ctx, startWait+time.Duration(instances)*placeWait)
	defer cancel()
	began := time.Now()
	var last []Instance
	for said := ""; ; {
		some, err := c.Instances(patient, a.GUID)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			return startError(a.Name, last)
		case err != nil:
			return err
		}
		last = some
		if text := summary(some); progress != nil && text != said {
			said = text
			progress(text)
		}
		switch {
		case count(some, Running) == len(some):
			return nil
		case count(some, Crashed) > 0 && time.Since(began) >= settled, hopeless(some):
			return startError(a.Name, some)
		}
		if err := pause(patient, startPause); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return startError(a.Name, last)
		}
	}
}

// hopeless reports whether some instance is known to find no place, and none is starting.
func hopeless(some []Instance) bool {
	stuck := 0
	for _, in := range some {
		if in.State == Down && in.Details != "" {
			stuck++
		}
	}
	return stuck > 0 && count(some, Running)+stuck == len(some)
}

func startError(app string, some []Instance) error {
	e := &StartError{App: app, Wanted: len(some), Running: count(some, Running), Instance: Instance{State: Down}}
	for _, state := range []string{Starting, Down, Crashed} { // the worst is told of
		for _, in := range some {
			if in.State == state {
				e.Instance = in
				break
			}
		}
	}
	return e
}

func count(some []Instance, state string) int {
	n := 0
	for _, in := range some {
		if in.State == state {
			n++
		}
	}
	return n
}

// summary is how instances do, in a few words: "1 running, 2 starting".
func summary(some []Instance) string {
	var words []string
	for _, state := range []string{Running, Starting, Down, Crashed} {
		if n := count(some, state); n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, strings.ToLower(state)))
		}
	}
	return strings.Join(words, ", ")
}
