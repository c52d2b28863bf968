package dea

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/dea/isolation/process"
)

// What TestMain does instead of running tests.
const (
	helperEnv    = "DEA_TEST_HELPER"
	helperListen = "listen" // be an app that writes when it began to listen
	helperDEA    = "dea"    // be a DEA in a process of its own
)

func TestMain(m *testing.M) {
	switch os.Getenv(helperEnv) {
	case helperListen:
		listenAndTell()
	case helperDEA:
		runDEA()
	default:
		os.Exit(m.Run())
	}
}

// listenAndTell is an app that writes down when it listens.
func listenAndTell() {
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("VCAP_APP_PORT"))
	at := time.Now().UnixNano()
	if err != nil || os.WriteFile("listening", []byte(strconv.FormatInt(at, 10)), 0o644) != nil {
		os.Exit(1)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		conn.Close()
	}
}

// runDEA is a DEA that the test kills.
func runDEA() {
	ctx, b := helperBus()
	cfg := Default()
	cfg.BaseDir, cfg.PID = os.Getenv("DEA_TEST_BASE"), os.Getenv("DEA_TEST_BASE")+".pid"
	cfg.Runtimes = config.NameMap{{Name: "ruby19", Value: "/bin/sh"}}
	cfg.Status.Port = bus.NoStatusPort
	d, err := New(b, process.New(), cfg, testLog())
	if err == nil {
		err = d.Run(ctx, func() {})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func helperBus() (context.Context, *bus.Bus) {
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	b := bus.New(bus.Options{URL: os.Getenv("DEA_TEST_NATS"), Name: "dea"})
	if err := b.Open(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return ctx, b
}

func testLog() *slog.Logger { return slog.New(slog.NewTextHandler(os.Stderr, nil)) }
