# What a new data folder answers; the same whether a server holds it or not.
$ sh -c '"$SLIPWAY" init --root-key root.key >/dev/null 2>&1 && rm root.key'
$ slipway runs
> RUN  STATE  REF  SOURCE  CREATED  REASON
$ slipway runs --json
> []
$ slipway show web/1
! slipway: there is no run 'web/1'
= 1
$ slipway show 1
! slipway: there is no run yet
= 1
$ slipway logs web/1
! slipway: there is no run 'web/1'
= 1
$ slipway cancel web/1
! slipway: there is no run 'web/1'
= 1
$ slipway release list
> RELEASE  STATE  SOURCE  CHANGED
$ slipway release show web/main@1.0.0
! slipway: there is no release 'web/main@1.0.0'
= 1
$ slipway target list
> PROJECT  TARGET  TYPE  LOCATION
$ slipway roster show web
! slipway: project 'web' has no roster: 'slipway roster set'
= 1
$ slipway log prove 99
! slipway: the log has 1 entries and none at index 99
= 1
$ slipway log prove nonsense
! slipway: 'nonsense' is neither an index nor 'sha256:' and 64 hex digits
= 1
$ slipway run --project web --branch main
! slipway: there is no project 'web' yet: its first run needs '--source PATH-OR-URL'
= 1
$ slipway call run.list '{"limit":0}'
> []
$ slipway call run.list '{"limt":1}'
! slipway: arguments of 'run.list': unknown argument 'limt', did you mean 'limit'
! hint: see 'slipway help call'
= 2
