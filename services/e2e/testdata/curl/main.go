// Command curl is a stand-in for curl if that is not installed. It knows the few options that the README uses, and
// refuses all others. Only the README's test runs it.
package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// call is the parsed command line.
type call struct {
	url, data, output, format string
	header                    http.Header
	get, fail                 bool
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "curl (stand-in):", err)
		os.Exit(22)
	}
}

func run(args []string) error {
	c, err := parse(args)
	if err != nil {
		return err
	}
	request, err := c.request()
	if err != nil {
		return err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if c.fail && response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("the server answered %s", response.Status)
	}
	if c.output == "" {
		if _, err := io.Copy(os.Stdout, response.Body); err != nil {
			return err
		}
	}
	fmt.Print(strings.NewReplacer("%{redirect_url}", response.Header.Get("Location"), `\n`, "\n").Replace(c.format))
	return nil
}

func parse(args []string) (call, error) {
	c := call{header: http.Header{}}
	for len(args) > 0 {
		option := args[0]
		args = args[1:]
		switch option {
		case "-sS":
			continue
		case "-fsS":
			c.fail = true
			continue
		case "-G":
			c.get = true
			continue
		}
		if !strings.HasPrefix(option, "-") {
			c.url = option
			continue
		}
		if len(args) == 0 {
			return c, fmt.Errorf("option %s needs a value", option)
		}
		if err := c.set(option, args[0]); err != nil {
			return c, err
		}
		args = args[1:]
	}
	if c.url == "" {
		return c, errors.New("no URL")
	}
	return c, nil
}

func (c *call) set(option, value string) error {
	switch option {
	case "-H":
		name, content, _ := strings.Cut(value, ":")
		c.header.Add(name, strings.TrimSpace(content))
	case "-A":
		c.header.Set("User-Agent", value)
	case "-d":
		c.add(value)
	case "--data-urlencode":
		name, content, _ := strings.Cut(value, "=")
		c.add(name + "=" + url.QueryEscape(content))
	case "--data-binary":
		if value != "@-" {
			return fmt.Errorf("data from %s", value)
		}
		data, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		c.data = string(data)
	case "-o":
		if value != os.DevNull {
			return fmt.Errorf("output to %s", value)
		}
		c.output = value
	case "-w":
		c.format = value
	default:
		return fmt.Errorf("unknown option %s", option)
	}
	return nil
}

// add adds data. Like curl, it joins data with &.
func (c *call) add(data string) {
	if c.data != "" {
		data = c.data + "&" + data
	}
	c.data = data
}

func (c *call) request() (*http.Request, error) {
	method, target, body := http.MethodGet, c.url, ""
	switch {
	case c.get:
		target += "?" + c.data
	case c.data != "":
		method, body = http.MethodPost, c.data
	}
	request, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost && c.header.Get("Content-Type") == "" {
		c.header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	request.Header = c.header
	return request, nil
}
