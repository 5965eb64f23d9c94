package access

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/bearer"
	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/internal/doorlog"
)

const (
	// idle is how long a session lasts without a request.
	idle = 12 * time.Hour
	// longest is how long a session lasts at most, however busy.
	longest = 7 * 24 * time.Hour
	// renewal is how old a cookie gets before a request makes a new one.
	renewal = 15 * time.Minute

	idBytes = 32
	// payloadBytes is the id, the moment of login and that of the cookie, in Unix seconds.
	payloadBytes = idBytes + 8 + 8

	sessionName = "couponlink_session"
	cookiePath  = "/console"
	// hostPrefix begins the names of cookies that browsers take over https only, and from no other host.
	hostPrefix = "__Host-"
)

// Config is what access is given by.
type Config struct {
	AdminKey string
	// SecretFile keeps the secret that sessions hang on; empty keeps it in memory, and a restart
	// logs everybody out.
	SecretFile string
	// IsSecure says that browsers reach the console by https only.
	IsSecure bool
	Now      func() time.Time
	Log      *slog.Logger
}

// Keeper makes and checks sessions.
type Keeper struct {
	key      bearer.Verifier
	adminKey string
	secret   *secret
	isSecure bool
	now      func() time.Time
	limits   *limits
	doors    *doorlog.Log
	ended    *ended
}

// New returns a Keeper.
func New(cfg Config) (*Keeper, error) {
	secret, err := newSecret(cfg.SecretFile)
	if err != nil {
		return nil, err
	}
	ended, err := newEnded(cfg.SecretFile, cfg.Now())
	if err != nil {
		return nil, err
	}
	return &Keeper{
		key: bearer.NewVerifier(cfg.AdminKey), adminKey: cfg.AdminKey, secret: secret, isSecure: cfg.IsSecure, now: cfg.Now,
		limits: newLimits(), doors: doorlog.New(cfg.Log, cfg.Now), ended: ended,
	}, nil
}

// Session is one browser that has logged in.
type Session struct {
	// ID names the session; it is no secret, the cookie is.
	ID string
	// Began is when the browser logged in.
	Began time.Time

	id     [idBytes]byte
	issued time.Time
	signer signer
}

// Attempt says whether key opens the console for a request. The right key always does, so that nobody who
// guesses can lock others out. After too many wrong ones it returns how long to wait.
func (k *Keeper) Attempt(r *http.Request, key string) (isRight bool, wait time.Duration) {
	if k.key.OK([]string{bearer.Header(strings.TrimSpace(key))}) {
		return true, 0
	}
	event := doorlog.FailedLogin
	if wait = k.limits.take(r, k.now()); wait > 0 {
		event = doorlog.LoginThrottled
	}
	k.doors.Refused(r.Context(), event, clientaddr.Of(r))
	return false, wait
}

// Begin starts a session and sets its cookie.
func (k *Keeper) Begin(w http.ResponseWriter, r *http.Request) (*Session, error) {
	signer, err := k.signer()
	if err != nil {
		return nil, err
	}
	s := &Session{Began: k.now(), issued: k.now(), signer: signer}
	_, _ = rand.Read(s.id[:]) // never fails
	s.ID = hex.EncodeToString(s.id[:8])
	k.setCookie(w, r, s)
	return s, nil
}

// Session returns the session of a request, or nil. It renews the cookie now and then.
func (k *Keeper) Session(w http.ResponseWriter, r *http.Request) (*Session, error) {
	cookie, err := r.Cookie(k.sessionCookie())
	if err != nil {
		return nil, nil //nolint:nilerr // no cookie is no session, and no failure
	}
	signer, err := k.signer()
	if err != nil {
		return nil, err
	}
	payload, ok := signer.open("session", cookie.Value)
	if !ok || len(payload) != payloadBytes {
		return nil, nil
	}
	s := &Session{
		Began:  time.Unix(int64(binary.BigEndian.Uint64(payload[idBytes:])), 0),   //nolint:gosec // we wrote it
		issued: time.Unix(int64(binary.BigEndian.Uint64(payload[idBytes+8:])), 0), //nolint:gosec // we wrote it
		signer: signer,
	}
	copy(s.id[:], payload)
	s.ID = hex.EncodeToString(s.id[:8])
	now := k.now()
	if now.Sub(s.issued) >= idle || now.Sub(s.Began) >= longest {
		return nil, nil
	}
	if isEnded, err := k.ended.has(string(s.id[:]), now); isEnded || err != nil {
		return nil, err
	}
	if now.Sub(s.issued) >= renewal {
		s.issued = now
		k.setCookie(w, r, s)
	}
	return s, nil
}

// End logs one session out, for good: its cookies stay void on every gateway that shares the secret's file, also after a
// restart.
func (k *Keeper) End(w http.ResponseWriter, r *http.Request, s *Session) error {
	if err := k.ended.add(string(s.id[:]), k.now()); err != nil {
		return err
	}
	k.DropCookie(w, r, k.sessionCookie())
	return nil
}

// EndAll logs every session out, on every gateway that shares the secret.
func (k *Keeper) EndAll() error { return k.secret.replace() }

func (k *Keeper) signer() (signer, error) {
	salt, err := k.secret.current()
	if err != nil {
		return signer{}, err
	}
	key, err := hkdf.Key(sha256.New, []byte(k.adminKey), salt, "couponlink console", sha256.Size)
	if err != nil {
		return signer{}, fmt.Errorf("deriving the sessions' key: %w", err)
	}
	return signer{key: key}, nil
}

// sessionCookie is the name of the session's cookie.
func (k *Keeper) sessionCookie() string {
	if k.isSecure {
		return hostPrefix + sessionName
	}
	return sessionName
}

func (k *Keeper) setCookie(w http.ResponseWriter, r *http.Request, s *Session) {
	payload := make([]byte, 0, payloadBytes)
	payload = append(payload, s.id[:]...)
	payload = binary.BigEndian.AppendUint64(payload, uint64(s.Began.Unix()))  //nolint:gosec // after 1970
	payload = binary.BigEndian.AppendUint64(payload, uint64(s.issued.Unix())) //nolint:gosec // after 1970
	k.SetCookie(w, r, k.sessionCookie(), s.signer.seal("session", payload), idle)
}

// SetCookie sets a cookie of the console's: for its paths only, and out of scripts' reach.
func (k *Keeper) SetCookie(w http.ResponseWriter, r *http.Request, name, value string, age time.Duration) {
	path := cookiePath
	if strings.HasPrefix(name, hostPrefix) {
		path = "/" // browsers take such a cookie only so
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where the console is reached by https; it may be served by http on one machine
		Name: name, Value: value, Path: path, MaxAge: int(age.Seconds()), HttpOnly: true,
		// Lax, not Strict: a link in a mail must find its reader logged in.
		SameSite: http.SameSiteLaxMode,
		Secure:   k.isSecure || r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
	})
}

// DropCookie removes a cookie that SetCookie set.
func (k *Keeper) DropCookie(w http.ResponseWriter, r *http.Request, name string) {
	k.SetCookie(w, r, name, "", -time.Second)
}

// Seal returns content as text that only this session's Open accepts, with the same purpose.
func (s *Session) Seal(purpose string, content []byte) string {
	return s.signer.seal(purpose+string(s.id[:]), content)
}

// Open returns the content that Seal sealed.
func (s *Session) Open(purpose, sealed string) (content []byte, ok bool) {
	return s.signer.open(purpose+string(s.id[:]), sealed)
}

// Seal returns content as text that only Open with the same purpose accepts. It is for content that is not in
// a session. EndAll invalidates it.
func (k *Keeper) Seal(purpose string, content []byte) (string, error) {
	signer, err := k.signer()
	if err != nil {
		return "", err
	}
	return signer.seal("keeper "+purpose, content), nil
}

// Open returns the content that Seal sealed.
func (k *Keeper) Open(purpose, sealed string) (content []byte, ok bool) {
	signer, err := k.signer()
	if err != nil {
		return nil, false
	}
	return signer.open("keeper "+purpose, sealed)
}

// signer signs for a purpose: what was signed for one is refused for another.
type signer struct{ key []byte }

func (s signer) sum(purpose string, content []byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(purpose))
	mac.Write([]byte{0})
	mac.Write(content)
	return mac.Sum(nil)
}

func (s signer) seal(purpose string, content []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(s.sum(purpose, content), content...))
}

func (s signer) open(purpose, sealed string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) < sha256.Size {
		return nil, false
	}
	content := raw[sha256.Size:]
	return content, hmac.Equal(raw[:sha256.Size], s.sum(purpose, content))
}
