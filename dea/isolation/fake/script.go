package fake

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// script is what the FAKE_ variables say.
type script struct {
	startError, stopError, stderr string

	runFor     time.Duration // 0: until stopped
	readyAfter time.Duration
	neverReady bool
	exitCode   int
	ignoreStop bool
	memoryKB   int64
	diskB      int64
	cpu        float64
	processes  int
	overKB     int64
}

// readScript lets the later environment win, and in each the later entry.
func readScript(environments ...[]string) (script, error) {
	s := script{memoryKB: MemoryKB, diskB: DiskB, cpu: CPU, processes: 1}
	for _, env := range environments {
		for _, entry := range env {
			name, value, _ := strings.Cut(entry, "=")
			if !strings.HasPrefix(name, "FAKE_") {
				continue
			}
			if err := s.set(name, value); err != nil {
				return script{}, fmt.Errorf("%s=%s: %w", name, value, err)
			}
		}
	}
	return s, nil
}

func (s *script) set(name, value string) (err error) {
	switch name {
	case "FAKE_RUN_FOR":
		s.runFor, err = positive(value)
	case "FAKE_EXIT_CODE":
		var code uint64
		code, err = strconv.ParseUint(value, 10, 8)
		s.exitCode = int(code)
	case "FAKE_STDERR":
		s.stderr = value
	case "FAKE_READY_AFTER":
		if s.neverReady = value == "never"; !s.neverReady {
			s.readyAfter, err = time.ParseDuration(value)
		}
	case "FAKE_START_ERROR":
		s.startError = value
	case "FAKE_IGNORE_STOP":
		s.ignoreStop, err = strconv.ParseBool(value)
	case "FAKE_STOP_ERROR":
		s.stopError = value
	case "FAKE_MEMORY_KB":
		s.memoryKB, err = strconv.ParseInt(value, 10, 64)
	case "FAKE_DISK_B":
		s.diskB, err = strconv.ParseInt(value, 10, 64)
	case "FAKE_OVER_MEMORY_KB":
		s.overKB, err = strconv.ParseInt(value, 10, 64)
	case "FAKE_CPU":
		s.cpu, err = strconv.ParseFloat(value, 64)
	case "FAKE_PROCESSES":
		s.processes, err = strconv.Atoi(value)
	default:
		err = fmt.Errorf("no such variable of the fake isolation")
	}
	return err
}

func positive(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err == nil && d <= 0 {
		err = fmt.Errorf("want more than 0")
	}
	return d, err
}
