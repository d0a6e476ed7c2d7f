import { UpstreamError } from './upstream.ts';

/** The upstream surely did not run the request: it may be sent again whatever it does. */
export class RequestNotSent extends UpstreamError {}

/** The upstream is well and busy: reserved concurrency, or what the account has, is used up. */
export class AllPlacesTaken extends RequestNotSent {}
