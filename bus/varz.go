package bus

import (
	"crypto/subtle"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/minicf/minicf/protocol"
)

func (c *Component) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", c.healthz)
	mux.HandleFunc("GET /varz", func(w http.ResponseWriter, _ *http.Request) { show(w, c.figures()) })
	for path, page := range c.cfg.Pages {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { show(w, page()) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "Not Found: "+r.URL.Path, http.StatusNotFound)
	})
	return c.authenticate(mux)
}

// authenticate wants Basic auth: 401 without, 400 for a header that is not Basic auth at all, as Rack did.
func (c *Component) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		switch {
		case r.Header.Get("Authorization") != "" && !ok:
			w.WriteHeader(http.StatusBadRequest)
		case !ok || !same(user, c.cfg.User) || !same(password, c.cfg.Password):
			w.Header().Set("WWW-Authenticate", `Basic realm=""`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// healthz answers "ok", and calls it JSON, as in 2012.
func (c *Component) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if c.cfg.Health != nil {
		if err := c.cfg.Health(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(err.Error() + "\n"))
			return
		}
	}
	_, _ = w.Write([]byte("ok\n"))
}

// show answers with v as JSON that a person can read.
func show(w http.ResponseWriter, v any) {
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(out, '\n'))
}

// figures are the component's own words, what vcap-common added, and what only minicf counts. The credentials that 2012
// repeated here are left out: whoever reads this has them.
func (c *Component) figures() map[string]any {
	memory, cpu := c.usage.read(c.start)
	v := map[string]any{
		"type": c.cfg.Type, "index": c.cfg.Index, "uuid": c.uuid, "host": c.addr,
		"start": c.start.Format(protocol.TimeFormat), "uptime": formatUptime(time.Since(c.start)),
		"num_cores": runtime.NumCPU(), "mem": memory, "cpu": cpu,
		"config": scrub(c.cfg.Config), "dropped_messages": c.bus.Dropped(),
	}
	if c.cfg.Varz == nil {
		return v
	}
	maps.Copy(v, c.cfg.Varz())
	return v
}

// scrub removes from a configuration what nobody should read in /varz: at any depth, the keys that vcap-common removed and
// whatever is named like a secret; passwords inside of URLs are masked.
func scrub(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, inner := range v {
			if !unfit(k) {
				out[k] = scrub(inner)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = scrub(inner)
		}
		return out
	case string:
		return maskText(v)
	}
	return v
}

func unfit(key string) bool {
	switch key {
	case "mbus", "service_mbus", "keys", "database_environment", "mysql", "logger":
		return true
	}
	return secretKey(key)
}

// usage measures this process, at most once a second.
type usage struct {
	mu sync.Mutex

	at     time.Time
	memory int64
	cpu    float64
}

// read returns the resident memory in KB and the average share of one core since start, in percent.
func (u *usage) read(start time.Time) (memory int64, cpu float64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now := time.Now(); now.Sub(u.at) >= time.Second {
		u.at, u.memory, u.cpu = now, residentKB(), cpuPercent(now.Sub(start))
	}
	return u.memory, u.cpu
}

func residentKB() int64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		if f := strings.Fields(string(statm)); len(f) > 1 {
			if pages, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				return pages * int64(os.Getpagesize()) / 1024
			}
		}
	}
	var m runtime.MemStats // no /proc on this system: what Go asked for is close enough
	runtime.ReadMemStats(&m)
	return int64(m.Sys / 1024)
}

func cpuPercent(since time.Duration) float64 {
	var r syscall.Rusage
	if since <= 0 || syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	used := time.Duration(r.Utime.Nano() + r.Stime.Nano())
	return float64(int(used.Seconds()/since.Seconds()*1000)) / 10
}
