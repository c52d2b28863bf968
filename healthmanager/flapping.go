package healthmanager

import "time"

// rules are the numbers by which it is decided. They are the intervals of healthmanager.yml.
type rules struct {
	DropletLost     time.Duration
	FlappingDeath   int
	FlappingTimeout time.Duration
	MinDelay        time.Duration
	MaxDelay        time.Duration
	Noise           time.Duration
	GiveUp          int
	RestartTimeout  time.Duration
	StableState     time.Duration
	StopUnknown     bool
	UnknownAge      time.Duration // of an instance that nobody knows, before it is stopped

	random func(n int64) int64 // rand.Int64N, but in tests
}

// flaps says that an instance with so many crashes in a row is started with delay.
func (r rules) flaps(crashes int) bool { return crashes > r.FlappingDeath }

// givesUp says that it is not started any more.
func (r rules) givesUp(crashes int) bool { return r.GiveUp > 0 && crashes > r.GiveUp }

// delay is how long to wait after so many crashes in a row. With the numbers of 2012: after the first one not at all, then 60, 120, 240 seconds,
// and so on up to 480, a few seconds more or less, so that what fell together does not rise together.
func (r rules) delay(crashes int) time.Duration {
	if !r.flaps(crashes) {
		return 0
	}
	wait := r.MinDelay
	for range crashes - r.FlappingDeath - 1 {
		if wait = min(2*wait, r.MaxDelay); wait == r.MaxDelay {
			break
		}
	}
	if r.Noise > 0 {
		wait += time.Duration(r.random(2*int64(r.Noise)+1)) - r.Noise
	}
	return max(0, wait)
}
