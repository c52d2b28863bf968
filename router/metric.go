package router

import (
	"math/bits"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// metric counts requests to apps and their answers: all of them, or those to endpoints that have one tag.
type metric struct {
	requests  atomic.Int64
	responses [6]atomic.Int64 // by the first digit of the status; 0 is for what has none
	latency   window
}

// answered counts one answer, whose head came that long after the request.
func (m *metric) answered(status int, now time.Time, took time.Duration) {
	class := status / 100
	if class < 0 || class >= len(m.responses) {
		class = 0
	}
	m.responses[class].Add(1)
	m.latency.add(now, took)
}

// figures are what /varz tells, under the names of 2012.
func (m *metric) figures(now time.Time) map[string]any {
	v := map[string]any{
		"requests":      m.requests.Load(),
		"responses_xxx": m.responses[0].Load() + m.responses[1].Load(),
		"latency":       m.latency.figures(now),
	}
	for class := 2; class < len(m.responses); class++ {
		v["responses_"+strconv.Itoa(class)+"xx"] = m.responses[class].Load()
	}
	return v
}

// A window remembers 60 seconds in slots of 5.
const (
	slotSpan = 5 * time.Second
	slots    = 12
)

// window tells how long what happened in the last minute took. It adds up what falls into the same five seconds, and what took
// about as long as another, so it is small and quick however much happens.
type window struct {
	mu sync.Mutex

	slots [slots]slot
}

type slot struct {
	at    int64 // which five seconds since 1970 this is about
	count int64
	sum   time.Duration
	bins  [bins]uint32 // how many took about as long
}

func (w *window) add(now time.Time, took time.Duration) {
	at := now.UnixNano() / int64(slotSpan)
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.slots[at%slots]
	if s.at != at {
		*s = slot{at: at} // it was of a minute ago, or longer
	}
	s.count++
	s.sum += took
	s.bins[binOf(took)]++
}

// figures are the sum of the last minute in milliseconds and the number of samples, as in router 0.98, and percentiles in
// seconds, as in gorouter.
func (w *window) figures(now time.Time) map[string]any {
	all := w.last(now)
	v := map[string]any{"value": float64(all.sum.Microseconds()) / 1000, "samples": all.count}
	for _, percent := range []int64{50, 75, 90, 95, 99} {
		v[strconv.FormatInt(percent, 10)] = all.percentile(percent).Seconds()
	}
	return v
}

// last adds up the slots of the last minute.
func (w *window) last(now time.Time) slot {
	at := now.UnixNano() / int64(slotSpan)
	w.mu.Lock()
	defer w.mu.Unlock()
	var all slot
	for i := range w.slots {
		s := &w.slots[i]
		if s.at <= at-slots {
			continue
		}
		all.count += s.count
		all.sum += s.sum
		for b, n := range s.bins {
			all.bins[b] += n
		}
	}
	return all
}

// percentile returns how long that share of the samples took at most, give or take an eighth; 0 when there are none.
func (s *slot) percentile(percent int64) time.Duration {
	rank := (s.count*percent + 99) / 100 // the how manieth of them, in order
	for b, n := range s.bins {
		if rank -= int64(n); rank <= 0 && s.count > 0 {
			return endOf(b)
		}
	}
	return 0
}

// Bins are one microsecond wide up to 8 µs, and from there eight to each doubling, up to 268 seconds.
const bins = 208

// binOf returns the bin for what took that long.
func binOf(took time.Duration) int {
	us := uint64(max(took.Microseconds(), 0))
	if us < 8 {
		return int(us)
	}
	shift := bits.Len64(us) - 4 // leaves the first bit, which is 1, and three more
	return min(8*shift+int(us>>shift), bins-1)
}

// endOf returns the longest time of a bin.
func endOf(bin int) time.Duration {
	if bin < 8 {
		return time.Duration(bin) * time.Microsecond
	}
	shift := bin/8 - 1
	return time.Duration((8+bin%8+1)<<shift-1) * time.Microsecond
}
