package router

import (
	"testing"
	"time"
)

func TestPercentilesAreRightToAnEighth(t *testing.T) {
	t.Parallel()
	var w window
	now := time.Unix(1_000_000, 0)
	for ms := 1; ms <= 1000; ms++ {
		w.add(now, time.Duration(ms)*time.Millisecond)
	}
	v := w.figures(now)
	if v["samples"] != int64(1000) || v["value"] != 500_500.0 {
		t.Errorf("%v samples of %v ms together, want 1000 of 500500", v["samples"], v["value"])
	}
	for percent, want := range map[string]float64{"50": 0.5, "75": 0.75, "90": 0.9, "95": 0.95, "99": 0.99} {
		if got := v[percent].(float64); got < want || got > want*1.125 {
			t.Errorf("%s %% took at most %v s, want %v or a little more", percent, got, want)
		}
	}
}

func TestWindowForgetsAfterAMinute(t *testing.T) {
	t.Parallel()
	var w window
	start := time.Unix(1_000_000, 0)
	samples := func(after time.Duration) any { return w.figures(start.Add(after))["samples"] }
	if v := w.figures(start); v["samples"] != int64(0) || v["99"] != 0.0 {
		t.Errorf("an empty window has the figures %v", v)
	}
	for s := range 120 {
		w.add(start.Add(time.Duration(s)*time.Second), time.Second)
	}
	for after, want := range map[time.Duration]int64{119 * time.Second: 60, 150 * time.Second: 25, 3 * time.Minute: 0, time.Hour: 0} {
		if got := samples(after); got != want {
			t.Errorf("after %s: %v samples, want %d of one per second for two minutes", after, got, want)
		}
	}
}

func TestEachTimeFallsIntoABinThatEndsWithinAnEighth(t *testing.T) {
	t.Parallel()
	for us := time.Duration(0); us < 200e6; us += 1 + us/7 {
		took := us * time.Microsecond
		end := endOf(binOf(took))
		if end < took || end > took+took/8+time.Microsecond {
			t.Errorf("%s is counted as %s", took, end)
		}
	}
	for _, took := range []time.Duration{-time.Second, 0, time.Hour, 1<<63 - 1} {
		if b := binOf(took); b < 0 || b >= bins {
			t.Errorf("%s has the bin %d of %d", took, b, bins)
		}
	}
}
