package bus

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ServerConfig says where the embedded server listens.
type ServerConfig struct {
	Host     string // default 127.0.0.1
	Port     int    // 0: any free port
	NoListen bool   // no socket at all, only this process
	// Records is the directory of what a Bucket keeps; empty: the server keeps nothing. MaxRecords is how many bytes that may become, 0
	// means 256 MiB.
	Records    string
	MaxRecords int64
	Log        *slog.Logger
}

// Server is nats-server inside this process, the message bus itself. It is a component like the others. Its messages leave
// nothing behind: whoever reconnects finds the bus as it was. Records do, on the disk.
type Server struct {
	cfg   ServerConfig
	nats  *server.Server
	door  *door // nil without records
	fatal chan error
}

// NewServer returns a Server that is not running. It fails when the options make no sense to nats-server.
func NewServer(cfg ServerConfig) (*Server, error) {
	if cfg.Host == "" {
		cfg.Host = "127.0.0.1"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	port := cfg.Port
	if port == 0 {
		port = server.RANDOM_PORT
	}
	opts := &server.Options{}
	if cfg.Records != "" {
		if err := withRecords(opts, cfg.Records, cfg.MaxRecords); err != nil {
			return nil, fmt.Errorf("configure nats: %w", err)
		}
	}
	opts.ServerName, opts.Host, opts.Port, opts.DontListen = serverName, cfg.Host, port, cfg.NoListen
	opts.NoSigs = true // or nats-server would end the process on Ctrl-C, apps and all
	ns, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("configure nats: %w", err)
	}
	s := &Server{cfg: cfg, nats: ns, fatal: make(chan error, 1)}
	ns.SetLoggerV2(serverLog{s}, false, false, false)
	if cfg.Records == "" {
		return s, nil
	}
	records, err := ns.LookupAccount(recordsAccount)
	if err != nil {
		return nil, fmt.Errorf("configure nats: %w", err)
	}
	s.door = &door{bus: ns.GlobalAccount(), records: records}
	opts.CustomClientAuthentication = s.door // the accounts exist only now
	return s, nil
}

// Run serves until ctx ends. It fails at once when the port is taken.
func (s *Server) Run(ctx context.Context, ready func()) error {
	if err := s.portFree(); err != nil {
		return err
	}
	if err := s.unlock(); err != nil {
		return err
	}
	s.nats.Start()
	defer s.nats.WaitForShutdown()
	defer s.nats.Shutdown()
	if err := s.waitUp(ctx); err != nil {
		return err
	}
	s.cfg.Log.Info("nats is listening", "url", s.URL())
	ready()
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.fatal:
		return fmt.Errorf("nats: %w", err)
	}
}

// unlock makes the records accessible to those who may read their directory.
func (s *Server) unlock() (err error) {
	if s.door == nil {
		return nil
	}
	if s.door.password, err = ensurePassword(s.cfg.Records); err != nil {
		return fmt.Errorf("open the records: %w", err)
	}
	return nil
}

// portFree asks before nats-server does, because nats-server only logs that a port is taken.
func (s *Server) portFree() error {
	if s.cfg.NoListen || s.cfg.Port == 0 {
		return nil
	}
	addr := net.JoinHostPort(s.cfg.Host, strconv.Itoa(s.cfg.Port))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for nats on %s: %w", addr, err)
	}
	return l.Close()
}

func (s *Server) waitUp(ctx context.Context) error {
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for !s.up() {
		select {
		case err := <-s.fatal:
			return fmt.Errorf("start nats: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
	}
	return nil
}

func (s *Server) up() bool {
	if s.cfg.NoListen {
		return s.nats.Running()
	}
	return s.nats.Addr() != nil
}

// URL is where clients find the server once it is running; empty when it does not listen.
func (s *Server) URL() string {
	addr := s.nats.Addr()
	if s.cfg.NoListen || addr == nil {
		return ""
	}
	return (&url.URL{Scheme: "nats", Host: addr.String()}).String()
}

// InProcessConn is how clients in this process connect; it implements nats.InProcessConnProvider.
func (s *Server) InProcessConn() (net.Conn, error) { return s.nats.InProcessConn() }

// serverLog hears what nats-server says. Its Fatalf is the only way to learn that it could not start.
type serverLog struct{ s *Server }

func (l serverLog) Fatalf(format string, v ...any) {
	select {
	case l.s.fatal <- fmt.Errorf(format, v...):
	default:
	}
}

func (l serverLog) Errorf(format string, v ...any) {
	l.s.cfg.Log.Error("nats: " + fmt.Sprintf(format, v...))
}

func (l serverLog) Warnf(format string, v ...any) {
	l.s.cfg.Log.Warn("nats: " + fmt.Sprintf(format, v...))
}

func (l serverLog) Noticef(format string, v ...any) {
	l.s.cfg.Log.Debug("nats: " + fmt.Sprintf(format, v...))
}
func (l serverLog) Debugf(string, ...any) {}
func (l serverLog) Tracef(string, ...any) {}
