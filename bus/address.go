package bus

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/nats-io/nats.go"
)

// address takes the URL of a bus apart: what NATS is to dial, and how one gets in there. Beside what NATS URLs can say themselves
// (nats://user:password@host, nats://token@host, tls://host) files may be named:
//
//	nats://host:4222?nkey=FILE                     the seed of an nkey
//	nats://host:4222?creds=FILE                    credentials of a NATS with JWTs
//	tls://host:4222?ca=FILE[&cert=FILE&key=FILE]   who signed the server's certificate, and a certificate of our own
//
// Several addresses of one bus stand with commas between them; files that one of them names are for all.
func address(urls string) (dial string, opts []nats.Option, err error) {
	var plain []string
	for one := range strings.SplitSeq(urls, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil || u.RawQuery == "" {
			plain = append(plain, strings.TrimSpace(one)) // what is wrong with it NATS says
			continue
		}
		more, err := files(u.Query())
		if err != nil {
			return "", nil, fmt.Errorf("the address of the bus: %w", err)
		}
		opts = append(opts, more...)
		u.RawQuery = ""
		plain = append(plain, u.String())
	}
	return strings.Join(plain, ","), opts, nil
}

// files are the options for what stands behind the question mark.
func files(query url.Values) (opts []nats.Option, err error) {
	for key := range query {
		switch key {
		case "nkey":
			o, err := nats.NkeyOptionFromSeed(query.Get(key))
			if err != nil {
				return nil, fmt.Errorf("nkey: %w", err)
			}
			opts = append(opts, o)
		case "creds":
			opts = append(opts, nats.UserCredentials(query.Get(key)))
		case "ca":
			opts = append(opts, nats.RootCAs(query.Get(key)))
		case "cert":
			opts = append(opts, nats.ClientCert(query.Get(key), query.Get("key")))
		case "key": // of cert
		default:
			return nil, fmt.Errorf("there is no %q, only nkey, creds, ca, cert and key", key)
		}
	}
	return opts, nil
}
