import "./page.css";
import { TwinConsole } from "./parts/console";
import { expose } from "./testing";
import { language, speak } from "./words";

speak(language());
const page = document.querySelector("twin-console");
if (page instanceof TwinConsole) expose(page.twin);
