package logcache

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/minicf/minicf/protocol"
)

// version is that of the log-cache whose API this is. The cf command reads it.
const version = "2.11.4"

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// Info answers GET /api/v1/info.
func (c *Cache) Info(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, map[string]string{"version": version, "vm_uptime": "0"})
}

// envelope is a line as log-cache tells it.
type envelope struct {
	Timestamp string            `json:"timestamp"` // nanoseconds
	Source    protocol.ID       `json:"source_id"`
	Instance  string            `json:"instance_id"`
	Tags      map[string]string `json:"tags"`
	Log       payload           `json:"log"`
}

type payload struct {
	Text []byte `json:"payload"` // base64
	Type string `json:"type"`
}

// Read answers GET /api/v1/read/{app}.
func (c *Cache) Read(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, e1 := number(q, "start_time", math.MinInt64)
	to, e2 := number(q, "end_time", math.MaxInt64)
	limit, e3 := number(q, "limit", defaultLimit)
	if e1 != nil || e2 != nil || e3 != nil || limit < 1 || limit > maxLimit {
		write(w, http.StatusBadRequest, map[string]string{"error": "start_time and end_time are nanoseconds, limit is 1 to 1000"})
		return
	}
	all := []envelope{}
	if kinds := q["envelope_types"]; len(kinds) == 0 || slices.Contains(kinds, "LOG") || slices.Contains(kinds, "ANY") {
		for _, l := range c.read(chi.URLParam(r, "app"), from, to, int(limit), strings.EqualFold(q.Get("descending"), "true")) {
			all = append(all, envelope{
				Timestamp: strconv.FormatInt(l.Time, 10), Source: l.App, Instance: l.Instance,
				Tags: map[string]string{"source_type": l.Source}, Log: payload{[]byte(l.Text), l.Stream},
			})
		}
	}
	write(w, http.StatusOK, map[string]any{"envelopes": map[string]any{"batch": all}})
}

func number(q url.Values, key string, otherwise int64) (int64, error) {
	if !q.Has(key) {
		return otherwise, nil
	}
	return strconv.ParseInt(q.Get(key), 10, 64)
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only when the client is gone
}
