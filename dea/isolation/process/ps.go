package process

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ps is the process table of systems without Linux's /proc, as ps(1) prints it. Start times have a resolution of a second.
type ps struct{}

// psColumns are known by the ps of macOS, the BSDs and Linux. lstart takes five words; comm comes last, as it may contain spaces.
const psColumns = "pid=,ppid=,pgid=,stat=,rss=,time=,lstart=,comm="

func (ps) all(ctx context.Context, _ *snapshot) ([]process, error) {
	out, err := runPS(ctx, "-axo", psColumns)
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	return parsePS(out)
}

func (ps) startOf(ctx context.Context, pid int) (uint64, bool) {
	out, err := runPS(ctx, "-o", psColumns, "-p", strconv.Itoa(pid))
	if err != nil {
		return 0, false // that is how ps says that there is none
	}
	found, err := parsePS(out)
	if err != nil || len(found) != 1 {
		return 0, false
	}
	return found[0].start, true
}

// psTime is how long ps may take; on a busy machine it takes seconds until it is even started.
const psTime = 5 * time.Second

func runPS(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, psTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ps", args...)
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC"} // lstart is written for people, where they are
	out, err := cmd.Output()
	return string(out), err
}

func parsePS(out string) ([]process, error) {
	var all []process
	for line := range strings.Lines(out) {
		p, err := parsePSLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %q of ps: %w", strings.TrimSpace(line), err)
		}
		all = append(all, p)
	}
	return all, nil
}

func parsePSLine(line string) (process, error) {
	words := strings.Fields(line)
	if len(words) < 12 {
		return process{}, fmt.Errorf("%d words, want at least 12", len(words))
	}
	var numbers [4]int
	for i, word := range []string{words[0], words[1], words[2], words[4]} {
		n, err := strconv.Atoi(word)
		if err != nil {
			return process{}, err
		}
		numbers[i] = n
	}
	cpu, err := parseCPUTime(words[5])
	if err != nil {
		return process{}, err
	}
	start, err := time.Parse("Mon Jan 2 15:04:05 2006", strings.Join(words[6:11], " "))
	if err != nil {
		return process{}, err
	}
	return process{
		pid: numbers[0], parent: numbers[1], group: numbers[2],
		start:    uint64(start.Unix()),
		name:     filepath.Base(strings.Join(words[11:], " ")),
		dead:     strings.HasPrefix(words[3], "Z"),
		cpu:      cpu,
		memoryKB: int64(numbers[3]),
	}, nil
}

// parseCPUTime reads "0:01.25" (macOS), "00:00:01" and "2-03:00:00" (Linux).
func parseCPUTime(text string) (time.Duration, error) {
	days, clock, hasDays := strings.Cut(text, "-")
	if !hasDays {
		days, clock = "0", text
	}
	total, err := strconv.ParseFloat(days, 64)
	if err != nil {
		return 0, err
	}
	parts := strings.Split(clock, ":")
	for i, part := range parts {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return 0, err
		}
		unit := 60.0
		if hasDays && i == 0 {
			unit = 24
		}
		total = total*unit + n
	}
	return time.Duration(total * float64(time.Second)), nil
}
