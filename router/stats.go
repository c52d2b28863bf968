package router

import (
	"strconv"
	"sync/atomic"
)

// stats are the router's figures for /varz, under the names of 2012.
type stats struct {
	requests    atomic.Int64
	badRequests atomic.Int64    // answered by the router: nobody is registered, or who is did not answer
	responses   [6]atomic.Int64 // by the first digit of the status; 0 is for what has none
}

// response counts one answer.
func (s *stats) response(status int) {
	class := status / 100
	if class < 0 || class >= len(s.responses) {
		class = 0
	}
	s.responses[class].Add(1)
}

// varz returns the counters.
func (s *stats) varz() map[string]any {
	v := map[string]any{
		"requests":      s.requests.Load(),
		"bad_requests":  s.badRequests.Load(),
		"responses_xxx": s.responses[0].Load() + s.responses[1].Load(),
	}
	for class := 2; class < len(s.responses); class++ {
		v["responses_"+strconv.Itoa(class)+"xx"] = s.responses[class].Load()
	}
	return v
}
